import { ulid } from 'ulid'
import { awsClients, openFence } from '../../lib/aws/deployed-fence.ts'
import type { FenceConfig } from '../../lib/config.ts'
import { atOnce } from '../../lib/core/at-once.ts'
import { judge, NO_HISTORY } from '../../lib/core/detection.ts'
import { noOffences, withEpisode } from '../../lib/core/offences.ts'
import type { LocalAws } from '../aws/local-aws.ts'
import { victims } from './flooding.ts'

const AT_ONCE = 16

/** Puts blocks into the ledger of the account's table, as the analyze function would have, from this moment on. */
export async function fillLedger(aws: LocalAws, fence: FenceConfig, count: number): Promise<void> {
  const { endpoint, region, credentials } = aws
  const clients = awsClients({ endpoint, region, credentials })
  const deployment = { fence, table: 'ledger', reconcileQueueUrl: '', places: {} }
  const { ledger } = openFence(deployment, clients, Date.now)
  const { limits, ladders } = fence
  const at = Math.floor(Date.now() / 1000) * 1000
  await atOnce(AT_ONCE, victims(0, count), async (observation) => {
    const judging = { limits, knownGood: false, halfBlind: false }
    const [found] = judge(observation, at, NO_HISTORY, judging).active
    const { prefix } = observation
    const blocked = withEpisode(noOffences(prefix, 1), found!.episode, ladders, ulid)
    await ledger.changeOffences(prefix, () => blocked)
  })
  for (const client of Object.values(clients)) client.destroy()
}
