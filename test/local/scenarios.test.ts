import { describe, expect, test } from 'vitest'
import { type Outcome, replay } from '../traffic/replay-recording.ts'
import { SCENARIOS } from '../traffic/scenarios.ts'
import type { Recording } from '../traffic/stage.ts'
import { wrongs } from '../traffic/verdict.ts'

const SEED = 20_260_302

async function play(name: string, learningSeconds = 0): Promise<Outcome & Pick<Recording, 'truth'>> {
  const recording = SCENARIOS[name]!(SEED)
  return { ...(await replay(recording, learningSeconds)), truth: recording.truth }
}

const SENTENCES: Readonly<Record<string, string>> = {
  phones: 'phones that the sensor meets in the middle of their day are left alone',
  'nat-office-boot': 'an office of 300 phones that boots in 10 s behind one address is left alone',
  'nat-office-boot-kamailio': 'an office that boots is left alone though it shares its nonces with others',
  'pbx-restart': 'offices whose phones try nonces from before a restart are left alone',
  'pbx-restart-kamailio': 'offices whose dead nonces are not called stale are left alone',
  'trunk-100cps': 'a trunk of 100 calls/s without credentials is left alone',
  'trunk-without-ringing': 'a trunk whose calls do not ring for up to 45 s is left alone',
  'trunk-all-refused': "a trunk whose calls are all refused from the sensor's first second is left alone",
  'trunk-failover': 'a carrier that moves to another address at full rate is left alone',
  'wrong-password-phone': 'phones that try a wrong password every second are left alone',
  'slow-human': 'people who take up to 55 s to type their password are left alone',
  'fleet-reconnect': 'a thousand phones that come back after an outage are left alone',
  'probes-keepalives-junk': 'monitoring, keepalives and bytes that are no SIP are left alone',
  'reflection-unique': 'the victim of forged REGISTERs that all differ is spared further answers',
  'reflection-constant':
    'the victim of one forged REGISTER that is sent again and again is spared further answers',
  'reflection-invite-stateful':
    'the victim of forged INVITEs whose refusals the PBX repeats is spared further answers',
  'reflection-minimal-options': 'the victim of short questions with long answers is spared further answers',
  'reflection-forged-follow-ups': 'a victim is spared though the attacker answers the challenges in its name',
  'reflection-ipv6': 'the victim of forged REGISTERs over IPv6 is spared further answers',
  'reflection-amidst-office': 'a victim is spared while an office boots, and the office is left alone',
  'brute-force-many-users': 'an address that guesses passwords of many users is blocked',
  'brute-force-kamailio-nonce': 'an address that guesses passwords is blocked though its nonces are shared',
  'brute-force-borrowed-nonce':
    'guesses on nonces that another address fetched do not get that other one blocked',
  'flood-real-invite': 'an address that floods with INVITEs and acknowledges the refusals is blocked',
  'flood-deaf-invite': 'an address that floods with INVITEs and reads no answers is blocked',
  'flood-proven-register': 'an address that floods and answers some challenges is blocked',
  'flood-spoofed-register': 'an address in whose name 800 REGISTERs/s come is blocked',
  'poisoned-phone': 'a registered phone whose address is forged is left alone and people are told',
  'poisoned-office': 'an office whose address is forged is left alone and people are told',
  'poisoned-trunk': 'a trunk whose address is forged is left alone',
  'framed-phone': 'a phone in whose name logins fail is left alone and people are told',
  'random-spoof': 'addresses that are forged once each are left alone',
}

test('every scenario is judged', () => {
  expect(Object.keys(SENTENCES).sort()).toEqual(Object.keys(SCENARIOS).sort())
})

describe('a fence that has learned whom it knows', () => {
  for (const [name, sentence] of Object.entries(SENTENCES)) {
    test(`${sentence} (${name})`, async () => {
      const outcome = await play(name)
      expect(wrongs(outcome.truth, outcome)).toEqual([])
    })
  }
})
