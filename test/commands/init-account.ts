import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type Config, readConfig } from '../../lib/config.ts'
import { type InitDocument, initDocument } from '../../lib/contract/init.ts'
import type { AclEntry } from '../../lib/local/acl-entry.ts'
import { elbv2Api, type LoadBalancerSeed, type TargetGroupSeed } from '../aws/elbv2-api.ts'
import { type AcceleratorSeed, globalAcceleratorApi } from '../aws/global-accelerator-api.ts'
import { iamApi } from '../aws/iam-api.ts'
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../aws/local-aws.ts'
import { onePrefix } from '../core/arbitraries.ts'
import type { Ended } from './cli.ts'
import { flat } from './deployed-fence.ts'
import { runHere } from './in-process.ts'

export const PBX = 'i-0123456789abcdef0'
export const OTHER = 'i-0123456789abcdef1'
export const VPC = 'vpc-0123456789abcdef0'
export const ACL = 'acl-00000000000000001'
export const SUBNET = 'subnet-00000000000000001'
/** Another subnet of the same network ACL, in which the instance has no interface. */
export const SUBNET_BESIDE = 'subnet-00000000000000002'
export const GROUP = 'sg-00000000000000001'
export const ADMIN_GROUP = 'sg-00000000000000002'
export const ALLOCATION = 'eipalloc-00000000000000001'

/** A rule for SIP from everybody, with which a group begins. */
export const PUBLIC = { protocol: 'udp', ports: { from: 5060, to: 5060 }, cidr: '0.0.0.0/0' } as const

export interface InitAccountOptions extends Omit<LocalAwsOptions, 'apis'> {
  readonly balancers?: readonly LoadBalancerSeed[]
  readonly targetGroups?: readonly TargetGroupSeed[]
  readonly pageSize?: number
  readonly accelerators?: readonly AcceleratorSeed[]
  readonly roles?: Readonly<Record<string, string | null>>
}

/** One PBX in an account, and the command line in a folder of its own. */
export interface InitAccount {
  readonly aws: LocalAws
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** `sipfence init` with these arguments, writing to the folder unless they say where. */
  init(...args: readonly string[]): Promise<Ended>
  /** What `--json` prints, checked by its contract. */
  seen(...args: readonly string[]): Promise<InitDocument>
  /** The text of a file in the folder. */
  text(name?: string): string
  /** The settings in the folder; undefined where there are none. */
  settings(): Config | undefined
}

/** The account as it is where somebody has one PBX and thought of nothing else; closes with the test. */
export async function openInitAccount(options: InitAccountOptions = {}): Promise<InitAccount> {
  const { balancers = [], targetGroups = [], accelerators = [], roles = { pbx: 'pbx-role' } } = options
  const aws = await startLocalAws({
    ...ORDINARY,
    ...options,
    apis: [
      iamApi(roles),
      elbv2Api(balancers, targetGroups, options.pageSize),
      globalAcceleratorApi(accelerators),
    ],
  })
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-init-'))
  onTestFinished(async () => {
    await aws.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const out = join(folder, 'sipfence.json')
  const env = environmentOf(aws, folder)
  const init = (...args: readonly string[]) =>
    runHere(['init', ...(args.includes('--out') ? [] : ['--out', out]), ...args], env)
  return {
    aws,
    folder,
    env,
    init,
    seen: async (...args) => {
      const { code, out: printed, err } = await init(PBX, '--json', ...args)
      if (code !== 0) throw new Error(err)
      return initDocument.parse(JSON.parse(printed))
    },
    text: (name = 'sipfence.json') => readFileSync(join(folder, name), 'utf8'),
    settings: () => (existsSync(out) ? readConfig(out, readFileSync(out, 'utf8')) : undefined),
  }
}

const ORDINARY = {
  vpcs: [{ id: VPC, cidrs: ['10.0.0.0/16'] }],
  instances: [{ id: PBX, tags: { Name: 'Main PBX' }, profile: 'path/to/pbx' }],
  networkInterfaces: [
    {
      id: 'eni-00000000000000001',
      instanceId: PBX,
      groupIds: [GROUP],
      vpcId: VPC,
      subnetId: SUBNET,
      privateIp: '10.0.0.10',
      publicIp: '198.51.100.10',
      allocationId: ALLOCATION,
    },
  ],
  acls: [{ id: ACL, vpcId: VPC, subnetIds: [SUBNET, SUBNET_BESIDE] }],
  securityGroups: [{ id: GROUP, vpcId: VPC, rules: [PUBLIC] }],
} satisfies LocalAwsOptions

/** A load balancer, and a target group behind it that leads to the PBX, but for its protocol and port. */
export const NLB = { name: 'edge', type: 'network' } as const
export const BEHIND = { name: 'sip', balancers: ['edge'], targets: [{ id: PBX }] }

/** Something of everything, so that every read has something to ask for; nothing of it makes blocks void. */
export const BUSY = {
  balancers: [NLB],
  targetGroups: [
    { ...BEHIND, protocol: 'UDP', port: 5060 },
    { ...BEHIND, name: 'web', protocol: 'TCP', port: 443 },
  ],
  accelerators: [
    { name: 'a', from: 80, to: 80, endpoints: [] },
    { name: 'b', kind: 'custom', from: 80, to: 80, endpoints: [] },
  ],
} as const

/** The same interface, with more about it. */
export function pbxInterface(more: object = {}) {
  return { ...ORDINARY.networkInterfaces[0]!, ...more }
}

/** An inbound entry of somebody's. */
export function inbound(
  ruleNumber: number,
  action: 'allow' | 'deny',
  prefix = '0.0.0.0/0',
  more: Partial<AclEntry> = {},
): AclEntry {
  return { ruleNumber, action, prefix: onePrefix(prefix), protocol: -1, ports: null, egress: false, ...more }
}

/** Nothing of this machine's own AWS set-up gets in. */
function environmentOf({ endpoint, credentials, region }: LocalAws, folder: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_NO_WARNINGS: '1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
}

/** The command went well; its words in one line. */
export async function said(account: InitAccount, ...args: string[]): Promise<string> {
  const { code, out, err } = await account.init(PBX, '--yes', ...args)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return flat(out)
}

/** What a command that failed says, and that it wrote nothing. */
export async function refused(account: InitAccount, ...args: string[]): Promise<string> {
  const before = readdirSync(account.folder)
  const { code, err } = await account.init(...args)
  expect({ code, err }).toEqual({ code: expect.any(Number), err: expect.stringMatching(/^sipfence: /) })
  expect(code).not.toBe(0)
  expect(readdirSync(account.folder)).toEqual(before)
  return flat(err)
}
