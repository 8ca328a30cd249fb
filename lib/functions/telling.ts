import { ulid } from 'ulid'
import { type HeardNews, Incidents } from '../incidents.ts'
import type { RoundRecord } from '../round-record.ts'
import { openNotices, type Wired } from './deployment.ts'

/**
 * Tells people of the incidents that a round has found or left. What is not told now is due at the next round: what
 * protects the PBX is done by then, and does not fail with it.
 */
export function openTelling(fence: Wired): (round: RoundRecord, heard: HeardNews) => Promise<void> {
  const { ledger, state, clock, logger } = fence
  const notices = openNotices(fence)
  const { id, notify } = fence.fence
  const about = { fence: id, region: process.env['AWS_REGION'] ?? '', runbook: notify.runbook }
  const incidents = new Incidents(
    { ledger, state, send: (message) => notices.send(message), newId: (at) => ulid(at) },
    about,
  )
  return async (round, { news }) => {
    try {
      await incidents.tell(round, news, clock())
    } catch (error) {
      logger.error('Cannot send a notice', error as Error)
    }
  }
}
