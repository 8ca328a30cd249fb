import { describe, expect, test } from 'vitest'
import { Protection } from '../../lib/core/protection.ts'
import { onePrefix } from './arbitraries.ts'

const office = { prefix: onePrefix('203.0.113.16/28'), why: 'on the allowlist' }
const protection = new Protection([office])

describe('what must not be blocked', () => {
  test.each([
    ['the prefix itself', '203.0.113.16/28', 'on the allowlist'],
    ['one address in it', '203.0.113.17/32', 'on the allowlist (203.0.113.16/28)'],
    ['whatever has it in it', '203.0.0.0/16', 'on the allowlist (203.0.113.16/28)'],
    ['the resolver', '169.254.169.253/32', /^link-local/],
    ['a network around the resolver', '169.0.0.0/8', /^link-local/],
    ['the resolver over IPv6', 'fd00:ec2::/64', /^resolver/],
    ['multicast', '239.1.2.3/32', /^multicast/],
    ['everybody', '0.0.0.0/0', /./],
  ])('%s', (_, prefix, why) => {
    expect(protection.protects(onePrefix(prefix))).toMatch(why)
  })

  test('anybody else may be', () => {
    expect(protection.protects(onePrefix('203.0.113.32/32'))).toBeUndefined()
    expect(protection.protects(onePrefix('2001:db8::/64'))).toBeUndefined()
  })
})

test('nobody may be blocked in a prefix only where all of it is protected', () => {
  expect(protection.covers(onePrefix('203.0.113.17/32'))).toBe(true)
  expect(protection.covers(office.prefix)).toBe(true)
  expect(protection.covers(onePrefix('203.0.113.0/24'))).toBe(false)
})
