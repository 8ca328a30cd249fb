import { expect, test } from 'vitest'
import { request, response, Talk } from './talk.ts'

const PHONES = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']

function registered(count: number): Talk {
  const talk = new Talk()
  for (const phone of PHONES.slice(0, count)) talk.register(phone)
  talk.wait(1)
  return talk
}

/** Requests of known-good phones, of which only `answered` draw a reply. */
function ask(talk: Talk, phones: readonly string[], answered: readonly string[]): void {
  for (const phone of phones) talk.toPbx(phone, request('OPTIONS'))
  for (const phone of answered) talk.fromPbx(phone, response(200, 'OPTIONS'))
}

test('the sensor is half-blind where most known-good sources see no reply within 2 s', () => {
  const talk = registered(3)
  ask(talk, PHONES.slice(0, 3), PHONES.slice(0, 1))
  talk.wait(2)
  expect(talk.traffic.sources.halfBlind).toBe(false)
  talk.wait(1)
  expect(talk.traffic.sources.halfBlind).toBe(true)
})

test('it sees again once replies come', () => {
  const talk = registered(3)
  ask(talk, PHONES.slice(0, 3), [])
  talk.wait(3)
  expect(talk.traffic.sources.halfBlind).toBe(true)
  ask(talk, [], PHONES.slice(0, 2))
  talk.wait(1)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('half of them unanswered is not most', () => {
  const talk = registered(4)
  ask(talk, PHONES, PHONES.slice(0, 2))
  talk.wait(5)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('fewer than three that were heard within a minute are too few to tell', () => {
  const talk = registered(4)
  talk.wait(120)
  ask(talk, PHONES.slice(0, 2), [])
  talk.wait(5)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('strangers without a reply do not count', () => {
  const talk = registered(3)
  for (let i = 1; i < 200; i++) talk.toPbx(`203.0.113.${i}`, request('OPTIONS'))
  talk.wait(5)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('an earlier request that was never answered counts until a reply of any kind comes', () => {
  const talk = registered(3)
  ask(talk, PHONES.slice(0, 3), [])
  talk.wait(2)
  ask(talk, PHONES.slice(0, 3), [])
  talk.wait(1)
  expect(talk.traffic.sources.halfBlind).toBe(true)
  for (const phone of PHONES.slice(0, 3)) talk.fromPbx(phone, response(100, 'INVITE', { branch: 'z-other' }))
  talk.wait(1)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('under load nobody can tell, for a busy PBX leaves requests unanswered too', () => {
  const talk = registered(3)
  ask(talk, PHONES.slice(0, 3), [])
  talk.wait(3)
  expect(talk.traffic.sources.halfBlind).toBe(true)
  for (let i = 0; i < 5_001; i++) talk.toPbx('203.0.113.9', '\r\n')
  talk.fromPbx('203.0.113.9', response(100, 'INVITE', { branch: 'z-other' }))
  talk.wait(1)
  expect(talk.traffic.sources.halfBlind).toBe(false)
})

test('one direction alone is half-blind, whoever speaks, and both are not', () => {
  const inbound = new Talk()
  for (let i = 0; i < 20; i++) inbound.toPbx('203.0.113.9', request('OPTIONS', { branch: `z${i}` }))
  inbound.wait(1)
  expect(inbound.traffic.sources.halfBlind).toBe(true)
  inbound.fromPbx('203.0.113.9', response(200, 'OPTIONS', { branch: 'z1' }))
  inbound.wait(1)
  expect(inbound.traffic.sources.halfBlind).toBe(false)
  const outbound = new Talk()
  for (let i = 0; i < 20; i++) outbound.fromPbx('203.0.113.9', response(401, 'REGISTER', { branch: `z${i}` }))
  outbound.wait(1)
  expect(outbound.traffic.sources.halfBlind).toBe(true)
})
