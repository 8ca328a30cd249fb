import { Stack, type StackProps, Tags } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { SipFence } from './sipfence.ts'

export interface SipFenceStackProps extends StackProps {
  readonly fence: FenceConfig
}

/** One fence in a stack of its own, with its id as a tag on everything. */
export class SipFenceStack extends Stack {
  constructor(scope: Construct, id: string, { fence, ...props }: SipFenceStackProps) {
    const tags = { ...props.tags, 'sipfence:fence': fence.id }
    super(scope, id, { description: `sipfence ${fence.id}`, ...props, tags })
    Tags.of(this).add('sipfence:fence', fence.id)
    // CDK leaves "Default" out of logical ids: they are those of before there was a construct, and nothing is made anew.
    new SipFence(this, 'Default', { fence })
  }
}
