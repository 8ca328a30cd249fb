import { join } from 'node:path'
import { ReportQueue } from '../aws/report-queue.ts'
import type { FenceConfig } from '../config.ts'
import { Dispatch } from '../host/dispatch.ts'
import { Spool } from '../host/spool.ts'
import { tellPeople } from './terminal.ts'
import { UsageError } from './usage-error.ts'

export interface Outlet {
  readonly dispatch: Dispatch
  /** For people: where reports go. */
  readonly where: string
}

/** A sink that sends to the fence's queue, with a spool of the fence's own in the directory. */
export async function openOutlet(config: FenceConfig, region: string, directory: string): Promise<Outlet> {
  const queue = new ReportQueue({ fence: config.id, region })
  const spool = new Spool(tellPeople)
  await spool.open(join(directory, config.id))
  const dispatch = new Dispatch({
    send: (body, signal) => queue.send(body, signal),
    spool,
    clock: () => performance.now(),
    random: () => Math.random(),
    tell: tellPeople,
  })
  const backlog = spool.size > 0 ? `, ${spool.size} reports wait in the spool` : ''
  return { dispatch, where: `queue ${queue.name} in ${region}${backlog}` }
}

/** Where the fence is: by its settings, else by AWS_REGION. */
export function regionOf(config: FenceConfig): string {
  const region = config.region ?? process.env['AWS_REGION'] ?? ''
  if (region !== '') return region
  throw new UsageError(
    `Cannot send reports: fence "${config.id}" has no region; add "region" to its settings, or set AWS_REGION`,
  )
}
