#!/bin/sh
# Reduce: the statements of a month, one file per account, from what map.sh wrote of each request.
# Reads: <request>/output.txt. Writes: statement-<account>.csv
set -eu
cd "$ROOT_FOLDER"

cat ./*/output.txt | LC_ALL=C sort -t "$(printf '\t')" -k2,2 -k6,6 | awk '
  function euro(cents,  sign) {
    sign = cents < 0 ? "-" : ""
    if (cents < 0) cents = -cents
    return sprintf("%s%d.%02d", sign, int(cents / 100), cents % 100)
  }
  BEGIN { FS = "\t" }
  {
    account = $1; effect = $4
    if (account ~ /^=/) account = holder[substr(account, 2)]
    if (effect ~ /^\+/) effect = held[substr(effect, 2)]
    if ($3 == "outgoing_payment_unverified") { holder[$5] = account; held[$5] = -effect }
    file = "statement-" account ".csv"
    if (!(account in total)) print "time,type,available,key" >file
    total[account] += effect
    print $2 "," $3 "," euro(effect) "," $6 >file
  }
  END { for (account in total) print ",total," euro(total[account]) "," >("statement-" account ".csv") }
'
