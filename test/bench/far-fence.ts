import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FenceConfig } from '../../lib/config.ts'
import { type LocalFence, type LocalFenceOptions, startLocalFence } from '../e2e/local-fence.ts'
import type { MappingProperties } from '../e2e/template.ts'
import { StackTemplate } from '../e2e/template.ts'
import { fenceWith, withAssembly } from '../infra/synth.ts'
import { asFromAws } from './aws-latency.ts'

export const ACL = 'acl-00000000000000000'

/** What a bench turns of what is deployed. */
export interface Knobs {
  readonly maxConcurrency?: number
  readonly batchSize?: number
}

/** A fence in enforce before the local account's network ACL, with nothing to learn first. */
export function farFence(hosts: readonly string[], over: object = {}): FenceConfig {
  return fenceWith({
    id: 'f',
    vpc: 'vpc-0123456789abcdef0',
    mode: 'enforce',
    networkAcls: [{ id: ACL }],
    pbxs: hosts.map((id, i) => ({ id, addresses: [`10.0.${i >> 8}.${i & 255}`] })),
    allow: [],
    learningSeconds: 0,
    ...over,
  })
}

/** What `cdk synth` makes of the fence, in a folder that is removed at the end of the process. */
export function assembledFence(fence: FenceConfig): string {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  process.env['CDK_VALIDATION'] = 'false'
  withAssembly([fence], (assembly) => cpSync(assembly, folder, { recursive: true }))
  return folder
}

/** The template of an assembly, with its knobs turned. */
export function templateWith(assembly: string, fence: string, knobs: Knobs = {}): StackTemplate {
  const path = join(assembly, `SipFence-${fence}.template.json`)
  const template = JSON.parse(readFileSync(path, 'utf8'))
  for (const { Metadata, Properties } of Object.values<Resource>(template.Resources)) {
    if (Metadata?.['aws:cdk:path'] !== `SipFence-${fence}/Default/Analyze/Reports/Resource`) continue
    const { maxConcurrency, batchSize } = knobs
    if (maxConcurrency !== undefined) Properties.ScalingConfig = { MaximumConcurrency: maxConcurrency }
    if (batchSize !== undefined) Properties.BatchSize = batchSize
  }
  writeFileSync(path, JSON.stringify(template))
  return new StackTemplate(assembly, fence)
}

interface Resource {
  readonly Metadata?: Readonly<Record<string, string>>
  readonly Properties: { -readonly [Key in keyof MappingProperties]: MappingProperties[Key] }
}

/** The fence of the template, deployed in an account that takes as long as AWS does. */
export async function startFarFence(
  template: StackTemplate,
  options: LocalFenceOptions,
): Promise<LocalFence> {
  const fence = await startLocalFence(template, options)
  fence.aws.faults.delay(asFromAws)
  return fence
}
