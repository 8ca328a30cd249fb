import { describe, expect, test } from 'vitest'
import { PbxInference } from '../../lib/core/infer-pbx.ts'
import type { Packet } from '../../lib/core/packet.ts'
import { authenticate, packet, request, response } from './talk.ts'

const PBX = '198.51.100.1'
const OTHER = '198.51.100.2'
const PHONES = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

function answer(packets: Iterable<Packet>, ports: readonly number[] = [5060]): string[] | undefined {
  const inference = new PbxInference(new Set(ports))
  for (const each of packets) inference.note(each)
  return inference.answer()
}

/** A request from any port to the server's SIP port. */
function ask(client: string, server: string, method = 'OPTIONS', sourcePort = 40_000): Packet {
  return { ...packet(client, server, 0, request(method)), sourcePort }
}

function reply(server: string, client: string, status = 200, destinationPort = 40_000): Packet {
  const lines = status === 401 ? [authenticate('n')] : []
  return { ...packet(server, client, 0, response(status, 'OPTIONS', { lines })), destinationPort }
}

describe('the PBX of a capture', () => {
  test('is the one that clients send requests to', () => {
    expect(answer(PHONES.map((phone) => ask(phone, PBX)))).toEqual([PBX])
  })

  test('is the one that sends responses, where only those were captured', () => {
    expect(answer(PHONES.map((phone) => reply(PBX, phone)))).toEqual([PBX])
  })

  test('is the one that malformed SIP is sent to', () => {
    const payload = Buffer.from('OPTIONS sip:pbx SIP/2.0\r\nVia: ?\r\n\r\n')
    const broken = { ...packet(PHONES[0]!, PBX, 0, ''), sourcePort: 40_000, payload }
    expect(answer([broken])).toEqual([PBX])
  })

  test('is the one at every end, though phones are asked on SIP ports too', () => {
    const packets = PHONES.flatMap((phone) => [
      ask(phone, PBX, 'REGISTER', 5060),
      reply(PBX, phone, 401, 5060),
      ask(PBX, phone, 'OPTIONS', 5060),
    ])
    expect(answer(packets)).toEqual([PBX])
  })

  test('is, of two that talk to nobody else, the one that registers', () => {
    const packets = [ask(PHONES[0]!, PBX, 'REGISTER', 5060), ask(PBX, PHONES[0]!, 'OPTIONS', 5060)]
    expect(answer(packets)).toEqual([PBX])
  })

  test('is, of two that talk to nobody else, the one that challenges', () => {
    const packets = [
      ask(PHONES[0]!, PBX, 'INVITE', 5060),
      reply(PBX, PHONES[0]!, 401, 5060),
      ask(PBX, PHONES[0]!, 'OPTIONS', 5060),
    ]
    expect(answer(packets)).toEqual([PBX])
  })

  test('cannot be told of two that do the same', () => {
    expect(answer([ask(PBX, OTHER, 'INVITE', 5060), ask(OTHER, PBX, 'INVITE', 5060)])).toBeUndefined()
  })

  test('is several servers, in order, where their clients are the same', () => {
    const packets = [ask(PHONES[0]!, OTHER), ask(PHONES[0]!, PBX), ask(PHONES[1]!, PBX)]
    expect(answer(packets)).toEqual([PBX, OTHER])
  })

  test('cannot be told where strangers talk beside it', () => {
    expect(answer([ask(PHONES[0]!, OTHER), ask(PHONES[1]!, PBX), ask(PHONES[2]!, PBX)])).toBeUndefined()
  })

  test('cannot be told where servers talk to each other and to others', () => {
    const packets = [ask(PHONES[0]!, PBX), ask(PHONES[1]!, OTHER), ask(PBX, OTHER, 'INVITE', 5060)]
    expect(answer(packets)).toBeUndefined()
  })

  test('is nobody where there is no SIP, and nothing counts off the SIP ports', () => {
    expect(answer([])).toEqual([])
    expect(answer([{ ...ask(PHONES[0]!, PBX), payload: Buffer.from('GET / HTTP/1.1\r\n\r\n') }])).toEqual([])
    expect(answer([ask(PHONES[0]!, PBX)], [5080])).toEqual([])
    expect(answer([{ ...ask(PHONES[0]!, PBX), destinationPort: 5080 }], [5080])).toEqual([PBX])
  })

  test('is an IPv6 address as well', () => {
    expect(answer([ask('2001:db8::7', '2001:db8::1')])).toEqual(['2001:db8::1'])
  })

  test('does not change under 60,000 forged sources', () => {
    function* flood(): Iterable<Packet> {
      yield ask(PHONES[0]!, PBX, 'REGISTER')
      for (let i = 0; i < 60_000; i++)
        yield ask(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, PBX, 'OPTIONS', 5060)
    }
    expect(answer(flood())).toEqual([PBX])
  })
})
