/**
 * The tag of a table that is backed up every week. Backups go by it, so that the table a restore makes is backed up too:
 * whoever makes one and whoever sets up the backups must mean the same.
 */
export const BACKUP_TAG = { name: "daybook:backup", value: "yes" } as const;
