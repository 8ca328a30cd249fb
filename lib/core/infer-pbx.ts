import type { Packet } from './packet.ts'
import type { Address } from './prefix.ts'
import { readPayload } from './sip-message.ts'

interface Exchange {
  readonly source: Address
  readonly destination: Address
}

/** Address pairs and servers that are remembered; a flood of forged sources fills this and changes no answer. */
const MOST_PAIRS = 50_000

/**
 * Finds out from a capture which address is the PBX's, by what a server does: it receives requests on a SIP port
 * or sends responses from one. A capture that was taken beside a PBX has the PBX at one end of every SIP packet.
 */
export class PbxInference {
  readonly #ports: ReadonlySet<number>
  readonly #pairs = new Map<string, Exchange>()
  /** How much each server has done of what only a registrar or a user agent server does. */
  readonly #served = new Map<Address, number>()

  constructor(ports: ReadonlySet<number>) {
    this.#ports = ports
  }

  note(packet: Packet): void {
    if (!this.#ports.has(packet.sourcePort) && !this.#ports.has(packet.destinationPort)) return
    for (const reading of readPayload(packet)) {
      const looksLikeSip = reading.kind === 'message' || reading.kind === 'malformed'
      if (!looksLikeSip || this.#pairs.size >= MOST_PAIRS) continue
      const { source, destination } = packet
      this.#pairs.set(`${source} ${destination}`, { source, destination })
      if (reading.kind === 'malformed') {
        if (this.#ports.has(packet.destinationPort)) this.#serve(destination, 1)
        continue
      }
      const { message } = reading
      if (message.kind === 'request' && this.#ports.has(packet.destinationPort)) {
        this.#serve(destination, message.method === 'REGISTER' ? 10 : 1)
      } else if (message.kind === 'response' && this.#ports.has(packet.sourcePort)) {
        this.#serve(source, message.challenges.length > 0 ? 10 : 1)
      }
    }
  }

  /**
   * The one server that is an end of every SIP packet; of two that both are, the one that registers or challenges.
   * Failing that, all servers, if none of them talks to another and whom they serve overlaps. Undefined where none of this holds; no address
   * at all where the capture holds no SIP.
   */
  answer(): Address[] | undefined {
    const pairs = [...this.#pairs.values()]
    const servers = [...this.#served.keys()]
    const everywhere = servers.filter((server) =>
      pairs.every(({ source, destination }) => source === server || destination === server),
    )
    if (everywhere.length === 1) return everywhere
    if (everywhere.length > 1) return this.#busier(everywhere)
    const isServer = new Set(servers)
    const apart = pairs.every(({ source, destination }) => isServer.has(source) !== isServer.has(destination))
    return apart && isOneParty(pairs) ? servers.sort() : undefined
  }

  #serve(address: Address, much: number): void {
    this.#served.set(address, (this.#served.get(address) ?? 0) + much)
  }

  #busier(servers: readonly Address[]): Address[] | undefined {
    const [first, second] = servers.toSorted((a, b) => this.#served.get(b)! - this.#served.get(a)!)
    if (this.#served.get(first!) === this.#served.get(second!)) return undefined
    return [first!]
  }
}

/** Whether everybody is connected with everybody through those he talks to; strangers in a capture are not. */
function isOneParty(pairs: readonly Exchange[]): boolean {
  const reached = new Set<Address>(pairs.slice(0, 1).map(({ source }) => source))
  for (let before = -1; before < reached.size; ) {
    before = reached.size
    for (const { source, destination } of pairs) {
      if (!reached.has(source) && !reached.has(destination)) continue
      reached.add(source)
      reached.add(destination)
    }
  }
  return pairs.every(({ source }) => reached.has(source))
}
