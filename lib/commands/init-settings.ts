import { DEFAULTS, type FenceSettings } from '../config.ts'
import type { AclProposal, FenceProposal } from '../core/fence-proposal.ts'
import { foundOr, type Looked, type Surroundings } from '../core/surroundings.ts'

/** What AWS cannot tell, and people have said. */
export interface Answers {
  /** The fence's. */
  readonly id: string
  readonly ports: readonly number[]
  readonly allow: readonly string[]
  readonly emails: readonly string[]
  /** Security groups that a lockdown may close; none leaves that tier out. */
  readonly lockdownGroups: readonly string[]
  /** The instance's IAM role; undefined leaves it to what was found. */
  readonly role?: string | undefined
  readonly mode: 'observe' | 'enforce'
}

/** The settings of one fence, or what they lack so that they could not be deployed. */
export type SettingsOrLack =
  | { readonly kind: 'settings'; readonly settings: FenceSettings }
  | { readonly kind: 'lack'; readonly lacks: readonly string[] }

/** The essential keys, and of the others those that are not as by default. */
export function settingsFrom(
  surroundings: Surroundings,
  { networkAcls, lockdown }: FenceProposal,
  answers: Answers,
): SettingsOrLack {
  const { region, instance } = surroundings
  const role = answers.role ?? foundOr(surroundings.role, null)
  const lacks = [
    ...lackOf('the VPC’s address ranges', surroundings.vpcCidrs),
    ...lackOf('the network ACLs', surroundings.networkAcls),
    // Without a role in them the stack would make another one, for an instance that may have its own.
    ...(answers.role === undefined ? lackOf('the IAM role (--role names it)', surroundings.role) : []),
  ]
  if (lacks.length > 0) return { kind: 'lack', lacks }
  const settings: FenceSettings = {
    id: answers.id,
    account: instance.account,
    region,
    vpc: instance.vpc,
    vpcCidrs: [...foundOr(surroundings.vpcCidrs, [])],
    ...(role === null ? {} : { instanceRole: role }),
    mode: answers.mode,
    pbxs: [{ id: instance.id, addresses: [...instance.addresses] }],
    networkAcls: networkAcls.map(aclSettings),
    ...(answers.allow.length === 0 ? {} : { allow: [...answers.allow] }),
    ports: [...answers.ports],
    ...(answers.lockdownGroups.length === 0
      ? {}
      : { firewalls: { trustedPeers: trustedPeers(answers, lockdown?.maxEntries) } }),
    ...(answers.emails.length === 0 ? {} : { notify: { emails: [...answers.emails] } }),
  }
  return { kind: 'settings', settings }
}

function lackOf(what: string, looked: Looked<unknown>): string[] {
  return looked.kind === 'found' ? [] : [`${what}: ${looked.why}`]
}

/** Without a window the usual one stands there: it does nothing until people have made room, and preview says so. */
function aclSettings({ id, window }: AclProposal) {
  const { firstRule, lastRule } = DEFAULTS.window
  const isUsual = window === null || (window.firstRule === firstRule && window.lastRule === lastRule)
  return isUsual ? { id } : { id, ...window }
}

function trustedPeers({ lockdownGroups }: Answers, maxEntries: number = DEFAULTS.trustedPeers.maxEntries) {
  const isUsual = maxEntries === DEFAULTS.trustedPeers.maxEntries
  return { securityGroups: [...lockdownGroups], ...(isUsual ? {} : { maxEntries }) }
}

const LONGEST_ID = 31

/** A fence's id out of a name that people gave the instance; `pbx` where nothing of it will do. */
export function fenceIdFrom(name: string | null): string {
  const words = (name ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const id = words
    .replace(/^[^a-z]+/, '')
    .slice(0, LONGEST_ID)
    .replace(/-+$/, '')
  return id === '' ? 'pbx' : id
}
