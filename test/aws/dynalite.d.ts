/** Dynalite 4, which ships no types: what is used of it here. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface DynaliteOptions {
    /** How long a new table is not ready for use; 0 means the next turns of the event loop. */
    readonly createTableMs?: number
  }

  /** Makes a DynamoDB that holds its tables in memory. It listens when it is told to, as any HTTP server. */
  function dynalite(options?: DynaliteOptions): Server

  export = dynalite
}
