export { openDB, deleteDB } from 'idb'
export type { IDBPDatabase, DBSchema } from 'idb'
