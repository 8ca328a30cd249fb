import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import type { NetworkAcl } from '../../lib/local/network-acl.ts'
import type { Places } from '../../lib/names.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { cloudFormationApi, type LocalStack } from '../aws/cloudformation-api.ts'
import {
  ACL,
  type AccountOptions,
  type FenceAccount,
  openFenceAccount,
  RECONCILE_QUEUE,
  TABLE,
} from '../aws/fence-account.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { type Ended, ROOT } from './cli.ts'
import { runHere } from './in-process.ts'

export const HOST = 'i-0123456789abcdef0'
export const OTHER_HOST = 'i-0123456789abcdef1'
const REPORTS = 'sipfence-f-reports'
const DEAD = 'sipfence-f-reports-dead'

/** The settings of the fence as people write them. */
export const SETTINGS = {
  id: 'f',
  region: 'eu-west-1',
  mode: 'enforce',
  pbxs: [HOST, OTHER_HOST].map((id, i) => ({ id, addresses: [`10.0.0.${10 + i}`] })),
  networkAcls: [{ id: ACL }],
  allow: ['203.0.113.0/24'],
}

/** A fence in a local account that the command line talks to. */
export interface DeployedFixture extends FenceAccount {
  /** What CloudFormation has; a test may change it. */
  stacks: LocalStack[]
  readonly acl: NetworkAcl
  /** Writes the settings file of the fences given. */
  settle(...fences: readonly object[]): void
  /** Runs the command line in this process. */
  sipfence(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  /** Runs the built command line in a process of its own, which takes a second. */
  spawned(args: readonly string[]): Promise<Ended>
  /** Keeps a block that stands for ten minutes from now on. */
  block(prefix: string, more?: Partial<Block>): Promise<void>
  /** A round as the fence's own function runs it. */
  round(): Promise<void>
}

export async function deployFence(
  settings: object = SETTINGS,
  options: AccountOptions = {},
): Promise<DeployedFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-deployed-'))
  const [fence] = readConfig('settings', JSON.stringify({ version: 1, fences: [settings] })).fences
  let fixture: DeployedFixture | undefined
  const account = await openFenceAccount(
    {
      fence: fence!,
      queues: [{ name: RECONCILE_QUEUE }, { name: REPORTS }, { name: DEAD }],
      apis: [cloudFormationApi(() => fixture!.stacks)],
      ...options,
    },
    Date.now(),
  )
  const stop = account.stop.bind(account)
  fixture = Object.assign(account, {
    stacks: [stackOf(account, options.places)],
    acl: account.aws.acls.get(ACL)!,
    settle: (...fences: readonly object[]) =>
      writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences })),
    sipfence: (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runHere([...args, ...configFor(args, folder)], { ...environmentOf(account, folder), ...env }),
    spawned: (args: readonly string[]) => spawned(folder, args, environmentOf(account, folder)),
    block: (prefix: string, more: Partial<Block> = {}) => keepBlock(account, prefix, more),
    round: () => runRound(account),
    stop: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  })
  fixture.settle(settings)
  return fixture
}

/** Every inbound entry below the operator's allow, as EC2 would show it. */
export function heldBy({ acl }: DeployedFixture): string[] {
  return acl
    .describe()
    .filter(({ egress, ruleNumber }) => !egress && ruleNumber < 100)
    .map(({ ruleNumber, prefix }) => `${ruleNumber} ${prefix}`)
}

/** An entry in the fence's window that somebody made by hand. */
export function makeForeign({ acl }: DeployedFixture, ruleNumber = 30): void {
  const entry = { ruleNumber, prefix: onePrefix('198.51.100.1/32'), protocol: 17, ports: null } as const
  acl.create(requestOf({ ...entry, action: 'deny', egress: false }))
}

/** The text without its line breaks and columns. */
export function flat(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function stackOf({ aws, fence }: FenceAccount, places: Places = {}): LocalStack {
  const outputs = {
    LedgerTable: TABLE,
    ReportsQueueUrl: aws.queue(REPORTS).url,
    ReportsDeadQueueUrl: aws.queue(DEAD).url,
    ReconcileQueueUrl: aws.queue(RECONCILE_QUEUE).url,
    TopicArn: 'arn:aws:sns:eu-west-1:000000000000:alerts',
    ...places,
  }
  return { name: `SipFence-${fence.id}`, outputs }
}

/** Nothing of this machine's own AWS set-up gets in. */
function environmentOf({ aws }: FenceAccount, folder: string): Record<string, string> {
  const none = join(folder, 'none')
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_NO_WARNINGS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: none,
    AWS_SHARED_CREDENTIALS_FILE: none,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
  }
}

/** This process does not work in the folder in which a command would look for its settings. */
function configFor(args: readonly string[], folder: string): string[] {
  return args.includes('--help') ? [] : ['--config', join(folder, 'sipfence.json')]
}

/** The settings are found where the command runs. */
function spawned(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new Promise((resolve) => {
    const command = [join(ROOT, 'dist/bin/sipfence.js'), ...args]
    const child = execFile(process.execPath, command, { cwd, env }, (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    )
  })
}

async function keepBlock({ ledger, now }: FenceAccount, text: string, more: Partial<Block>): Promise<void> {
  const times = { from: now - 60_000, until: now + 600_000 }
  const block = { ...blockOf(text), class: 'reflection', ...times, ...more } as const
  await ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
}

async function runRound(account: FenceAccount): Promise<void> {
  const options = { ...roundOptions(account.fence), owner: 'reconcile 1', roster: [] }
  const journal = { write: async () => undefined }
  await fenceRound({ ...account, journal }, options, account.now)
}
