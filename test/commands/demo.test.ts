import { expect, test } from 'vitest'
import { sipfence } from './cli.ts'

test('the demo tells what was blocked, when, why, how much that stopped and spared, and where to go next', async () => {
  const { code, out, err } = await sipfence(['demo'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const words of [
    /detected +reflection 192\.0\.2\.200\/32/,
    /network ACL +add rule 20: deny udp 5060 192\.0\.2\.200\/32/,
    /Blocked +192\.0\.2\.200\/32, UDP SIP ports, network ACL rule 20/,
    /When +10:43:\d\d, \d\.\d s after its first packet/,
    /Why +\d+ of \d+ challenges to 192\.0\.2\.200\/32 in 10 s were never followed up/,
    /Stopped +[\d,]+ of the 7,200 requests that claimed to be 192\.0\.2\.200 \(8\d %\)/,
    /Spared +[\d,]+ replies \([\d.]+ MB\) that would have hit 192\.0\.2\.200/,
    /Left alone +203\.0\.113\.15\/32\nWhy +never blocked: known-good/,
    /npx sipfence replay FILE/,
  ]) {
    expect(out).toMatch(words)
  }
})
