import { expect, test } from 'vitest'
import type { JournalEntry } from '../../lib/journal.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { deliver, ledgerContract, portsOver } from '../contract/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf, reflected, reportOf } from '../core/reports.ts'
import { FENCE, type FenceAccount, openFenceAccount } from './fence-account.ts'

ledgerContract('DynamoDB', openFenceAccount)

const SOURCE = onePrefix('192.0.2.7/32')

/** Everything that reports, rounds and people read of a ledger and of a fence's state. */
async function readEverything(account: FenceAccount): Promise<void> {
  const { ledger, state } = account
  await deliver(proofsOf('h', 0, onePrefix('192.0.2.8/32')), portsOver(ledger))
  await deliver(reportOf('h', 1, reflected(SOURCE)), portsOver(ledger))
  const write = async (_: JournalEntry) => undefined
  const options = { ...roundOptions(FENCE), owner: 'o', mode: 'enforce', roster: ['h'] } as const
  await fenceRound({ ...account, journal: { write } }, options, NOW)
  for (const block of await ledger.openBlocks()) await ledger.endBlock(block, NOW + 1, true)
  await ledger.endedBlock(SOURCE)
  await ledger.knownGood(NOW)
  await ledger.knownGoodWithin(onePrefix('192.0.2.0/24'), NOW)
  await ledger.provenWithin(onePrefix('192.0.2.0/24'), NOW)
  await ledger.deniedSince(SOURCE)
  await ledger.setClaims('pl-1')
  await ledger.swaps()
  await state.lease()
  await state.round()
  await state.approval()
  await state.incidents()
  await state.newsSince(NOW)
  await state.keepIncidents({ ...(await state.incidents()).book }, 0)
}

test('every read of the ledger and of the state asks DynamoDB for what was written last', async () => {
  const account = await openFenceAccount({}, NOW)
  try {
    await readEverything(account)
    const reads = account.aws.calls().filter(({ action }) => action === 'GetItem' || action === 'Query')
    expect(reads.filter(({ action }) => action === 'GetItem').length).toBeGreaterThan(10)
    expect(reads.filter(({ action }) => action === 'Query').length).toBeGreaterThan(5)
    for (const { action, parameters } of reads)
      expect([action, parameters['ConsistentRead'], parameters['IndexName']]).toEqual([
        action,
        true,
        undefined,
      ])
    const writes = account.aws.calls().filter(({ service }) => service === 'dynamodb')
    const kinds = new Set(writes.map(({ action }) => action))
    expect([...kinds].sort()).toEqual(['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'])
  } finally {
    await account.stop()
  }
})
