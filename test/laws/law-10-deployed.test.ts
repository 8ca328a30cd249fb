import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeployedFixture, deployFence, HOST, makeForeign } from '../commands/deployed-fence.ts'
import { expectHarmless } from './law-10-hostile.ts'

/** Every kind of it at once, longer than anybody should read. */
const HOSTILE =
  `\u001b[2J\u009b31m\u0085\u202e\u2066\u200b\u2028\u00ad\ud800<b>&amp;</b>${'x'.repeat(2_000)}\n`.repeat(3)

/** A fence in whose ledger everything that people or hosts may have written is hostile. */
async function hostileFence(): Promise<DeployedFixture> {
  const fence = await deployFence()
  const { state, now } = fence
  makeForeign(fence)
  await state.setMode({ mode: 'enforce', at: now, by: HOSTILE })
  await state.approve({ until: now + 60_000, at: now, by: HOSTILE })
  await state.setLockdown({ standing: 'off', closed: null, at: now, by: HOSTILE })
  await fence.block('192.0.2.1/32', { why: HOSTILE })
  const seen = { boot: HOSTILE, seq: 1, halfBlind: true, lossFraction: 1, clockSkewMs: 0 }
  await state.sawHost({ ...seen, host: HOST, at: now })
  await state.sawHost({ ...seen, host: 'i-elsewhere\u009b\u202e', at: now })
  await state.noteNews({ kind: 'trouble', at: now, name: 'brake', host: null, source: null, why: HOSTILE })
  await fence.round()
  return fence
}

let fence: DeployedFixture
beforeAll(async () => {
  fence = await hostileFence()
})
afterAll(() => fence.stop())

describe('What a deployed fence tells is harmless, whatever its ledger holds', () => {
  test.each([['status'], ['blocks'], ['why', '192.0.2.1'], ['preview'], ['mode']])(
    '%s',
    async (...command) => {
      for (const more of [[], ['--json']]) {
        const { out, err } = await fence.sipfence([...command, ...more])
        expect(out + err).not.toBe('')
        expectHarmless(out, 100_000)
        expectHarmless(err)
        if (more.length === 0) expect(out + err).not.toContain('x'.repeat(1_000)) // programs get all of it
      }
    },
  )
})
