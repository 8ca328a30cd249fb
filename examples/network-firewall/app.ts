import { CIDRS, FENCE, input, make, optional, PORTS, type Shape } from '../inputs.ts'
import { type DenyLists, DenySip } from './deny-sip.ts'

const LIST: Shape = {
  is: (text) =>
    /^(arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:prefix-list\/)?pl-([0-9a-f]{8}|[0-9a-f]{17})$/.test(text),
  should: 'a prefix list such as "pl-0123456789abcdef0", or the ARN of one',
}

const ACTION: Shape = {
  is: (text) => text === 'alert' || text === 'drop',
  should: '"alert" or "drop"',
  otherwise: 'alert',
}

make('a firewall policy', (app) => {
  const fence = input(app, 'fence', FENCE)
  const home = input(app, 'home', CIDRS).split(',')
  const ports = input(app, 'ports', PORTS).split(',').map(Number)
  const action = input(app, 'action', ACTION) === 'drop' ? 'drop' : 'alert'
  /** A list of a family that the PBXs do not speak is checked where it is given, and not used. */
  const listOf = (family: 4 | 6): DenyLists => {
    const name = `denyListIpv${family}`
    const isSpoken = home.some((range) => range.includes(':') === (family === 6))
    if (isSpoken) return { [family]: input(app, name, LIST) }
    optional(app, name, LIST)
    return {}
  }
  const denyLists = { ...listOf(4), ...listOf(6) }
  new DenySip(app, `SipFenceNetworkFirewall-${fence}`, { fence, denyLists, home, ports, action })
})
