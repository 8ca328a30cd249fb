import { describe, expect, test } from 'vitest'
import type { Block } from '../../lib/core/block.ts'
import { Protection } from '../../lib/core/protection.ts'
import { liftedBy, readDesired } from '../../lib/desired.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const office = { prefix: onePrefix('203.0.113.0/28'), why: 'on the allowlist' }

async function desiredOf(blocks: readonly Block[], protection = new Protection([])) {
  const ledger = new MemoryLedger(protection)
  for (const block of blocks) await ledger.keepBlock(block)
  return await readDesired(ledger, NOW)
}

describe('what is desired', () => {
  test('a block is in force up to its end and not at it', async () => {
    const blocks = [0, 1].map((left) => ({ ...blockOf(`192.0.2.${left}/32`), from: 0, until: NOW + left }))
    const desired = await desiredOf(blocks)
    expect(desired.open).toHaveLength(2)
    expect(desired.blocks.map(({ prefix }) => prefix)).toEqual(['192.0.2.1/32'])
  })

  test("of protected sources the detectors' blocks are lifted, and a person's is not", async () => {
    const times = { from: 0, until: NOW + 60_000 }
    const found = { ...blockOf('203.0.113.1/32'), ...times }
    const made: Block = { ...blockOf('203.0.113.2/32'), ...times, class: 'operator', origin: 'operator' }
    const desired = await desiredOf([found, made], new Protection([office]))
    expect([...liftedBy(desired)]).toEqual(['203.0.113.1/32'])
  })
})
