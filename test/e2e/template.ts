import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeFolder } from '../infra/synth.ts'
import type { FunctionSpec } from './function-process.ts'
import type { FunctionId, ScheduledMessage } from './running-fence.ts'

/** What a synthesized stack says, in CloudFormation's words; a reference is `{ Ref }` or `{ 'Fn::GetAtt' }`. */
export class StackTemplate {
  readonly fence: string
  readonly #assembly: string
  readonly #resources: Readonly<Record<string, Resource>>

  /** @param assembly a folder that `cdk synth` wrote */
  constructor(assembly: string, fence: string) {
    this.fence = fence
    this.#assembly = assembly
    const text = readFileSync(join(assembly, `SipFence-${fence}.template.json`), 'utf8')
    this.#resources = JSON.parse(text).Resources
  }

  /** Properties of each resource of the type, by logical id. */
  all<Properties>(type: string): ReadonlyMap<string, Properties> {
    const found = Object.entries(this.#resources).filter(([, { Type }]) => Type === type)
    return new Map(found.map(([id, { Properties }]) => [id, Properties as Properties]))
  }

  /** Properties of the resource at a path below the stack, such as `Analyze/Resource`. */
  at<Properties>(path: string): Properties {
    const whole = `SipFence-${this.fence}/Default/${path}`
    const found = Object.values(this.#resources).find(({ Metadata }) => Metadata?.['aws:cdk:path'] === whole)
    if (found !== undefined) return found.Properties as Properties
    throw new Error(`Cannot find ${path} in the template of fence "${this.fence}"`)
  }

  codeOf(id: FunctionId): string {
    return codeFolder(this.#assembly, this.fence, id)
  }
}

interface Resource {
  readonly Type: string
  readonly Properties: unknown
  readonly Metadata?: Readonly<Record<string, string>>
}

export type Reference = { readonly Ref: string } | { readonly 'Fn::GetAtt': readonly [string, string] }

export interface QueueProperties {
  readonly QueueName: string
  readonly VisibilityTimeout?: number
  readonly MessageRetentionPeriod: number
  readonly ContentBasedDeduplication?: boolean
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: Reference; readonly maxReceiveCount: number }
}

export interface FunctionProperties {
  readonly Handler: string
  readonly Timeout: number
  readonly MemorySize: number
  readonly Environment: { readonly Variables: Readonly<Record<string, string | Reference>> }
}

export interface MappingProperties {
  readonly BatchSize: number
  readonly EventSourceArn: Reference
  readonly FunctionResponseTypes?: readonly string[]
  readonly ScalingConfig?: { readonly MaximumConcurrency: number }
}

interface RuleProperties {
  readonly Targets: readonly {
    readonly InputTransformer: {
      readonly InputPathsMap: Readonly<Record<string, string>>
      readonly InputTemplate: string
    }
    readonly SqsParameters: { readonly MessageGroupId: string }
  }[]
}

/** What the rule of the schedule puts in the queue: its input template with the event's time. */
export function scheduleOf(template: StackTemplate, queueUrl: string): ScheduledMessage {
  const [target] = template.at<RuleProperties>('EachMinute/Resource').Targets
  const { InputPathsMap, InputTemplate } = target!.InputTransformer
  const [name] = Object.entries(InputPathsMap).find(([, path]) => path === '$.time')!
  return {
    queueUrl,
    groupId: target!.SqsParameters.MessageGroupId,
    body: (at) => InputTemplate.replaceAll(`<${name}>`, JSON.stringify(at)),
  }
}

/** @param environment with nothing left to resolve */
export function functionOf(
  template: StackTemplate,
  id: FunctionId,
  environment: Readonly<Record<string, string>>,
): FunctionSpec {
  const { Handler, Timeout, MemorySize } = template.at<FunctionProperties>(`${id}/Resource`)
  return {
    name: id,
    folder: template.codeOf(id),
    handler: Handler,
    timeoutSeconds: Timeout,
    memoryMegabytes: MemorySize,
    environment,
  }
}
