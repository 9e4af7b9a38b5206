#!/bin/sh
# Map: what one request does to which accounts, one line each: account, time, type, effect in cents, request id, key.
# A follow-up names no amount and perhaps no account: its effect is "+<id>" (what was held under that id comes back) or
# 0, its account "=<id>" (that of the original). Only AVAILABLE is told; what waits for its verification changes nothing.
# Reads: input.txt as lay-out.sh writes it. Writes: output.txt beside it.
set -eu
cd "$ROOT_FOLDER"

awk '
  function field(name,  text) {
    if (!match(body, "\"" name "\":(\"[^\"]*\"|[a-z0-9]+)")) return ""
    text = substr(body, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
  }
  function cents(text,  parts) {
    split(text, parts, ".")
    return parts[1] * 100 + substr(parts[2] "00", 1, 2)
  }
  function tell(account, effect) { print account, time, type, effect, id, key }
  BEGIN { OFS = "\t" }
  NR == 1 { key = $0 }
  NR == 2 { time = $0 }
  NR > 2 { body = body $0 }
  END {
    type = key; sub(/_[^_]*\.event$/, "", type)
    id = substr(key, length(type) + 2); sub(/\.event$/, "", id)
    original = field("PreviousRequestIdReference"); if (original == "") original = id
    amount = cents(field("Amount"))
    if (type == "cash_deposit") tell(field("TargetAccount"), field("Verified") == "true" ? amount : 0)
    else if (type == "verify_cash_deposit") tell(field("TargetAccount"), field("Verified") == "true" ? amount : 0)
    else if (type == "incoming_payment") tell(field("TargetAccount"), amount)
    else if (type == "cash_withdrawal") tell(field("SourceAccount"), -amount)
    else if (type == "outgoing_payment_unverified") tell(field("SourceAccount"), -amount)
    else if (type == "outgoing_payment_verified") tell("=" original, 0)
    else if (type == "outgoing_payment_rejected") tell("=" original, "+" original)
    else if (type == "inter_account_transfer") {
      tell(field("SourceAccount"), -amount)
      tell(field("TargetAccount"), amount)
    }
  }
' input.txt >output.txt
