import type { FenceConfig } from '../config.ts'
import type { Address } from '../core/prefix.ts'
import { type Instance, thisInstance } from '../host/instance-id.ts'
import { type Listening, listeningPorts } from '../host/listening-ports.ts'
import { defaultInterface, ownAddresses } from '../host/own-addresses.ts'

interface Wishes {
  readonly host?: string
  readonly interface?: string
  readonly pbx?: readonly Address[]
}

/**
 * For people: what a sidecar with these settings would count here and in whose name, and what may be wrong with that.
 * It captures and sends nothing. As root it also finds the ports of the SIP servers on this host.
 */
export async function checkLines(config: FenceConfig, region: string, wishes: Wishes): Promise<string[]> {
  const instance = await thisInstance().catch((error: Error) => error)
  const listening = listeningPorts()
  const configured = wishes.pbx ?? config.pbxs.flatMap(({ addresses }) => addresses)
  const found = instance instanceof Error ? [] : instance.publicAddresses
  const addresses = [...new Set([...(configured.length > 0 ? configured : ownAddresses()), ...found])]
  return [
    `fence "${config.id}" in ${region}`,
    `host ${hostWords(wishes.host, instance)}`,
    `interface ${wishes.interface ?? interfaceWords()}, PBX ${addresses.join(', ')}`,
    `ports ${config.ports.join(', ')}`,
    ...portLines(config.ports, listening),
  ]
}

function hostWords(told: string | undefined, instance: Instance | Error): string {
  if (told !== undefined) return told
  return instance instanceof Error ? `unknown. ${instance.message}` : instance.id
}

function interfaceWords(): string {
  try {
    return defaultInterface()
  } catch (error) {
    return `unknown. ${(error as Error).message}`
  }
}

/** What SIP servers listen on, and which of it no setting covers. */
export function portLines(ports: readonly number[], listening: readonly Listening[]): string[] {
  const seen = listening.map(({ server, transport, port }) => `${server} on ${transport} ${port}`)
  const missed = [...new Set(listening.map(({ port }) => port))].filter((port) => !ports.includes(port))
  if (seen.length === 0) return ['no SIP server was found to listen on this host']
  if (missed.length === 0) return [`there listens ${seen.join(', ')}`]
  const wanted = [...ports, ...missed].sort((a, b) => a - b)
  return [
    `there listens ${seen.join(', ')}`,
    `WARNING: nobody watches port ${missed.join(', ')}; the settings should say "ports": [${wanted.join(', ')}], here and where the fence is deployed from`,
  ]
}
