import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import { proposeFence } from '../../lib/core/fence-proposal.ts'
import type { IngressRule } from '../../lib/core/ingress-rule.ts'
import { type GroupState, planLockdown } from '../../lib/core/lockdown.ts'
import { portsIn, proposeLockdown, sipOpenings } from '../../lib/core/sip-openings.ts'
import { found } from '../../lib/core/surroundings.ts'
import { obstaclesOnTheWay } from '../../lib/core/void-blocks.ts'
import { portRanges } from '../../lib/core/wanted.ts'
import { search } from '../search.ts'
import { groups, surroundings } from './surroundings.ts'

const SIP = [{ from: 5060, to: 5060 }]
const USUAL = {
  usualPorts: DEFAULTS.ports,
  usualWindow: DEFAULTS.window,
  usualEntries: DEFAULTS.trustedPeers.maxEntries,
}

/** As fc.record makes them, without a reason of the closing's own. */
function closing(all: readonly GroupState[], capacity: number) {
  const list = (id: string) => ({ id, capacity, held: 1, left: [], knownGood: 0, problem: null })
  return planLockdown({
    fence: 'f',
    groups: all.map((each) => ({ ...each, isOurs: true })),
    swaps: [],
    ranges: SIP,
    trusted: { 4: list('a'), 6: list('b') },
    allowlistOnly: true,
    lose: 0,
  })
}

describe('what the security groups tell', () => {
  test('gives ports that the settings take', () => {
    search(
      fc.property(groups, (all) => {
        const told = portsIn(all)
        expect(told.length).toBeLessThanOrEqual(20)
        for (const port of told) expect(port >= 1 && port <= 65_535 && Number.isInteger(port)).toBe(true)
        expect([...new Set(told)].sort((a, b) => a - b)).toEqual(told)
      }),
    )
  })

  test.each([
    [{ from: 5060, to: 5060 }, '', [5060]],
    [{ from: 5060, to: 5080 }, '', [5060, 5061, 5080]],
    [{ from: 5060, to: 5159 }, '', [5060, 5061, 5080, 5081]],
    [{ from: 5060, to: 5160 }, '', []],
    [{ from: 7000, to: 7001 }, 'our SIP trunk', [7000, 7001]],
    [{ from: 7000, to: 7001 }, 'gossip', []],
    [{ from: 7000, to: 7004 }, 'SIP', []],
    [{ from: 0, to: 1 }, 'SIP', []],
    [null, 'SIP', []],
  ])('of %j "%s" it is %j', (range, description, wanted) => {
    const source = { kind: 'group', id: 'sg-00000000000000009' } as const
    const each = { protocol: 17, ports: range, source, description, tags: {} }
    expect(portsIn([groupOf([each])])).toEqual(wanted)
    expect(portsIn([groupOf([{ ...each, protocol: 1 }])])).toEqual([])
  })

  test('takes for the public what a lockdown takes for it', () => {
    search(
      fc.property(groups, (all) => {
        const roomy = all.map((each) => ({
          ...each,
          rulesQuota: 10_000,
          rules: each.rules.filter(({ ports: range }) => range !== null && range.to - range.from < 100),
        }))
        const { everybody, some } = sipOpenings(roomy, SIP)
        const { steps } = closing(roomy, 1)
        const revoked = steps.filter(({ kind }) => kind === 'revoke').map(({ rule: each }) => each)
        expect(everybody.map((each) => each.rule)).toEqual(revoked)
        for (const each of some) expect(revoked).not.toContain(each.rule)
      }),
      { numRuns: 500 },
    )
  })

  test('proposes a lockdown that would not be refused, with lists as large as that allows, or says why', () => {
    search(
      fc.property(groups, (all) => {
        const { groups: closes, maxEntries, refused } = proposeLockdown(all, SIP, 20)
        if (closes.length === 0) return
        expect(closing(all, maxEntries).refused.length === 0).toBe(refused.length === 0)
        if (refused.length === 0 && maxEntries < 20)
          expect(closing(all, maxEntries + 1).refused).not.toEqual([])
        if (refused.length > 0)
          for (let entries = 1; entries <= 20; entries++)
            expect(closing(all, entries).refused).not.toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})

function groupOf(rules: readonly IngressRule[]): GroupState {
  const weight = { 4: rules.length, 6: 0 }
  const opensOut = { 4: true, 6: true }
  return { id: 'sg-00000000000000001', rules, weight, rulesQuota: 60, opensOut, isOurs: false }
}

describe('the fence that is proposed', () => {
  test('has nothing in the way of enforce only where every read that decides it was done', () => {
    search(
      fc.property(surroundings, (all) => {
        const { obstacles, networkAcls, ports: own } = proposeFence(all, USUAL)
        if (obstacles.length > 0) return
        for (const read of [all.networkAcls, all.aclQuota, all.targets, all.accelerators])
          expect(read.kind).toBe('found')
        for (const { window, room, claimedBy } of networkAcls) {
          expect(window).not.toBeNull()
          expect(room![4]).toBeGreaterThan(0)
          expect(claimedBy).toBeNull()
        }
        const isSip = (port: number) => own.includes(port)
        const targets = all.targets.kind === 'found' ? all.targets.value : []
        expect(targets.filter(({ port, keepsSource }) => isSip(port) && keepsSource !== true)).toEqual([])
        const ways = all.accelerators.kind === 'found' ? all.accelerators.value : []
        expect(ways.filter(({ enabled, ports: [range] }) => enabled && isSip(range!.from))).toEqual([])
      }),
      { numRuns: 3_000 },
    )
  })
})

test('an obstacle tells of ports at either end of the ranges', () => {
  const ranges = portRanges([5060, 5061, 5080])
  const one = (port: number) => {
    const each = { group: 'g', protocol: 'TCP', port, keepsSource: false, isIpv6: false, balancers: [] }
    return obstaclesOnTheWay({ targets: found([each]), accelerators: found([]) }, ranges).length
  }
  expect([5059, 5060, 5061, 5062, 5079, 5080, 5081].map(one)).toEqual([0, 1, 1, 0, 0, 1, 0])
})
