import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Protection } from '../../lib/core/protection.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { anyFault, openFenceAccount } from '../aws/fence-account.ts'
import {
  conversation,
  type Delivery,
  deliver,
  disorder,
  portsOver,
  SOURCES,
  stateOf,
} from '../contract/ledger.ts'
import { NOW, reflected, reportOf } from '../core/reports.ts'
import { search } from '../search.ts'

const disordered = conversation.chain((messages) =>
  fc.record({ messages: fc.constant(messages), arrived: disorder(messages) }),
)

/** How the fence ends that hears everything once and in order. */
async function inOrder(messages: readonly Delivery[]) {
  const ledger = new MemoryLedger(new Protection([]))
  for (const message of messages) await deliver(message, portsOver(ledger))
  return await stateOf(ledger)
}

describe('Reports may arrive late, twice, out of order or not at all: the ledger ends in the same state', () => {
  test('in memory', async () => {
    let blocks = 0
    await search(
      fc.asyncProperty(disordered, async ({ messages, arrived }) => {
        const ledger = new MemoryLedger(new Protection([]))
        for (const message of arrived) await deliver(message, portsOver(ledger))
        const state = await stateOf(ledger)
        expect(state).toEqual(await inOrder(messages))
        blocks += state.blocks.length
      }),
      { seed: 8, numRuns: 500 },
    )
    expect(blocks).toBeGreaterThan(300)
  })

  test('in DynamoDB, two functions at a time, whatever call fails, when what failed is tried again', async () => {
    await search(
      fc.asyncProperty(
        disordered,
        fc.integer({ min: 1, max: 1_000_000 }),
        async ({ messages, arrived }, seed) => {
          const account = await openFenceAccount({ seed }, NOW + 60_000)
          try {
            account.aws.faults.plan((_, random) => (random() < 0.1 ? anyFault(random) : undefined))
            const waiting = [...arrived]
            const functions = [account.restart(1), account.restart(3)].map(async ({ ledger }) => {
              for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
                await untilDone(next, portsOver(ledger))
            })
            await Promise.all(functions)
            account.aws.faults.clear()
            expect(await stateOf(account.ledger)).toEqual(await inOrder(messages))
          } finally {
            await account.stop()
          }
        },
      ),
      { seed: 8, numRuns: 15, endOnFailure: true },
    )
  })

  test('what is handled again after a failure asks for a round again', async () => {
    const ledger = new MemoryLedger(new Protection([]))
    const first = reportOf('h', 0, reflected(SOURCES[0]!))
    let asked = 0
    const failing = portsOver(ledger, async () => {
      asked++
      throw new Error('the queue is away')
    })
    await expect(deliver(first, failing)).rejects.toThrow('the queue is away')
    const counting = portsOver(ledger, async () => {
      asked++
    })
    await deliver(first, counting, true)
    expect(asked).toBe(2)
    await deliver(first, counting)
    expect(asked).toBe(2)
  })
})

async function untilDone(message: Delivery, ports: ReturnType<typeof portsOver>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await deliver(message, ports, attempt > 0)
    } catch {
      // Delivered again, as the queue does.
    }
  }
  throw new Error('Cannot deliver a message in 50 attempts')
}
