import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Template } from 'aws-cdk-lib/assertions'
import { App } from 'aws-cdk-lib/core'
import { type FenceConfig, readConfig } from '../../lib/config.ts'
import { SipFenceStack } from '../../lib/infra/sipfence-stack.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** A fence with something in every key that a template could betray. */
export const FENCE = {
  id: 'pbx',
  account: '123456789012',
  region: 'eu-west-1',
  vpc: 'vpc-0a1b2c3d',
  vpcCidrs: ['10.0.0.0/16'],
  pbxs: [{ id: 'i-0123456789abcdef0', addresses: ['10.0.0.10', '198.51.100.10'] }],
  networkAcls: [{ id: 'acl-0a1b2c3d' }, { id: 'acl-0d3c2b1a' }],
  allow: ['192.0.2.0/24', '2001:db8:5::/48'],
  healthCheckers: ['203.0.113.9'],
}

/** Everything that a fence may use beside network ACLs. */
export const TIERS = {
  denyList: { maxEntries: 300 },
  ipSets: { action: 'count' },
  trustedPeers: { securityGroups: ['sg-0a1b2c3d', 'sg-0d3c2b1a'] },
}

/** FENCE with some keys said anew, as settings are read. */
export function fenceWith(over: object = {}): FenceConfig {
  return readConfig('test', JSON.stringify({ version: 1, fences: [{ ...FENCE, ...over }] })).fences[0]!
}

/** The flags that the CDK command line takes from cdk.json, which a test does not go through. */
function flags(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')).context
}

/** The template of one fence's stack, without its bundles, which take a second. */
export function templateOf(fence: FenceConfig, account: string | undefined = fence.account): Template {
  return withApp({ 'aws:cdk:bundling-stacks': [] }, (app) => {
    const env = { region: fence.region!, ...(account === undefined ? {} : { account }) }
    return Template.fromStack(new SipFenceStack(app, `SipFence-${fence.id}`, { fence, env }))
  })
}

/** Does something with the whole output of `cdk synth` for these fences, bundles too. */
export function withAssembly<T>(fences: readonly FenceConfig[], use: (folder: string) => T): T {
  const paths = { 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true }
  return withApp(paths, (app) => {
    for (const fence of fences) {
      const env = { region: fence.region!, account: fence.account! }
      new SipFenceStack(app, `SipFence-${fence.id}`, { fence, env })
    }
    return use(app.synth().directory)
  })
}

function withApp<T>(context: object, use: (app: App) => T): T {
  const outdir = mkdtempSync(join(tmpdir(), 'sipfence-synth-'))
  try {
    return use(new App({ context: { ...flags(), ...context }, outdir }))
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

/** The folder of a function's code within an assembly. */
export function codeFolder(assembly: string, fence: string, entry: 'Analyze' | 'Reconcile'): string {
  const template = JSON.parse(readFileSync(join(assembly, `SipFence-${fence}.template.json`), 'utf8'))
  for (const { Metadata } of Object.values<{ Metadata?: Record<string, string> }>(template.Resources)) {
    if (Metadata?.['aws:cdk:path'] === `SipFence-${fence}/Default/${entry}/Resource`)
      return join(assembly, Metadata['aws:asset:path']!)
  }
  throw new Error(`Cannot find the code of ${entry} in ${assembly}`)
}
