import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fenceIdFrom, settingsFrom } from '../../lib/commands/init-settings.ts'
import { DEFAULTS, readConfig } from '../../lib/config.ts'
import { proposeFence } from '../../lib/core/fence-proposal.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'
import { surroundings } from '../core/surroundings.ts'
import { search } from '../search.ts'

const USUAL = {
  usualPorts: DEFAULTS.ports,
  usualWindow: DEFAULTS.window,
  usualEntries: DEFAULTS.trustedPeers.maxEntries,
}

describe('the settings of what was found', () => {
  test('can be deployed, unless something is lacking, and that was unknown', () => {
    search(
      fc.property(surroundings, (all) => {
        const proposal = proposeFence(all, USUAL)
        const answers = {
          id: fenceIdFrom(all.instance.name),
          ports: proposal.ports,
          allow: [],
          emails: [],
          lockdownGroups: proposal.lockdown?.groups ?? [],
          mode: 'observe' as const,
        }
        const result = settingsFrom(all, proposal, answers)
        const isLacking = [all.role, all.vpcCidrs, all.networkAcls].some(({ kind }) => kind === 'unknown')
        expect(result.kind).toBe(isLacking ? 'lack' : 'settings')
        if (result.kind === 'lack') return
        const text = JSON.stringify({ version: 1, fences: [result.settings] })
        const [fence] = readConfig('proposal', text).fences
        expect(deployProblems(fence!, 'fence')).toEqual([])
        const [acl] = proposal.networkAcls
        if (acl!.window !== null) expect(fence!.networkAcls[0]).toMatchObject(acl!.window)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the id of a fence', () => {
  test('is one that the settings take, whatever the name', () => {
    search(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 80 })), (name) => {
        expect(fenceIdFrom(name)).toMatch(/^[a-z][a-z0-9-]{0,30}$/)
      }),
    )
  })

  test.each([
    [null, 'pbx'],
    ['', 'pbx'],
    ['123', 'pbx'],
    ['Main PBX (eu)', 'main-pbx-eu'],
    ['7-Büro', 'b-ro'],
    [`${'a'.repeat(30)} b`, 'a'.repeat(30)],
  ])('of %j is %s', (name, id) => {
    expect(fenceIdFrom(name)).toBe(id)
  })
})
