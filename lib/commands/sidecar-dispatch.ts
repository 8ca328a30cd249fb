import { join } from 'node:path'
import { ReportQueue } from '../aws/report-queue.ts'
import type { ReportSink } from '../capture.ts'
import type { FenceConfig } from '../config.ts'
import { Deliveries } from '../host/deliveries.ts'
import { Dispatch } from '../host/dispatch.ts'
import { Spool } from '../host/spool.ts'
import type { Sending } from '../host/vitals.ts'
import { tellPeople } from './terminal.ts'
import { UsageError } from './usage-error.ts'

export interface Outlet {
  readonly sink: ReportSink
  /** What has become of the reports by now. */
  readonly sending: () => Sending
  /** For people: where reports go. */
  readonly where: string
  /** Once pressed, it sends nothing any more. */
  close(pressed: AbortSignal): Promise<void>
}

/** A sink that sends to the fence's queue, with a spool of the fence's own in the directory. */
export async function openOutlet(config: FenceConfig, region: string, directory: string): Promise<Outlet> {
  const queue = new ReportQueue({ fence: config.id, region })
  const spool = new Spool(tellPeople)
  await spool.open(join(directory, config.id))
  const clock = () => performance.now()
  const deliveries = new Deliveries(clock)
  const dispatch = new Dispatch({
    send: deliveries.counted((body, signal) => queue.send(body, signal)),
    spool,
    clock,
    random: () => Math.random(),
    tell: tellPeople,
  })
  const backlog = spool.size > 0 ? `, ${spool.size} reports wait in the spool` : ''
  const sending = (): Sending => {
    const { sent, refused, failed, lastSentAt, tryingSince } = deliveries
    const kept = { spooled: spool.taken, waiting: spool.size, lost: dispatch.lost }
    return { sent, refused, failed, lastSentAt, tryingSince, ...kept }
  }
  const where = `queue ${queue.name} in ${region}${backlog}`
  const close = async (pressed: AbortSignal) => {
    await dispatch.close(pressed)
    await spool.close()
  }
  return { sink: dispatch, sending, where, close }
}

/** Where the fence is: by its settings, else by AWS_REGION. */
export function regionOf(config: FenceConfig): string {
  const region = config.region ?? process.env['AWS_REGION'] ?? ''
  if (region !== '') return region
  throw new UsageError(
    `Cannot send reports: fence "${config.id}" has no region; add "region" to its settings, or set AWS_REGION`,
  )
}
