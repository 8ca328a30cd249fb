import { options } from './sip-text.ts'
import type { Socket } from './socket.ts'
import { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

interface Sender {
  readonly socket: Socket
  readonly pbx: Socket
  readonly untilMs: number
}

/** Bytes on the SIP port that are no SIP, by what they are. */
export type Noise = 'crlf' | 'nul' | 'stun' | 'one-byte' | 'http' | 'ssdp' | 'rtp' | 'broken-sip'

/** Sends bytes of one kind at the rate, as keepalives do, misconfigured devices, and scanners of everything. */
export function noise(world: World, kind: Noise, { socket, pbx, untilMs }: Sender, perSecond: number): void {
  const gap = () => (world.dice.between(0.8, 1.2) * 1000) / perSecond
  world.at(world.dice.between(0, 1000), () => {
    world.repeat(gap, untilMs, () => world.send({ from: socket, to: pbx, content: bytesOf(kind, world) }))
  })
}

/** Asks OPTIONS at each interval and nothing else, as monitoring does. */
export function healthProbe(
  world: World,
  { socket, pbx, untilMs }: Sender,
  {
    seconds,
    userAgent,
    domain,
  }: { readonly seconds: number; readonly userAgent: string; readonly domain: string },
): void {
  const agent = new UserAgent(world, { socket, onRequest: () => {} })
  const { dice } = world
  world.at(dice.between(0, 1000), () => {
    world.repeat(
      () => seconds * 1000,
      untilMs,
      () => agent.request(options({ dice, local: socket, domain, user: 'ping', userAgent }), pbx),
    )
  })
}

function bytesOf(kind: Noise, { dice }: World): Uint8Array {
  const random = (count: number) => Buffer.from(dice.token(2 * count), 'hex')
  switch (kind) {
    case 'crlf':
      return Buffer.from('\r\n\r\n')
    case 'nul':
      return Buffer.alloc(4)
    case 'stun':
      return Buffer.concat([Buffer.from('000100002112a442', 'hex'), random(12)])
    case 'one-byte':
      return random(1)
    case 'http':
      return Buffer.from('GET / HTTP/1.1\r\nHost: pbx\r\nUser-Agent: curl/8.5\r\n\r\n')
    case 'ssdp':
      return Buffer.from(
        'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n',
      )
    case 'rtp':
      return Buffer.concat([Buffer.from([0x80, 0x08]), random(170)])
    case 'broken-sip':
      return Buffer.from('REGISTER sip:pbx SIP/2.0\r\nVia: nonsense\r\nFrom <sip:1@pbx>\r\n\r\n')
  }
}
