import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { requiredText } from './parameters.ts'
import type { Protocol } from './protocols.ts'
import { SNS_QUERY } from './sns-protocol.ts'
import type { WireObject } from './wire-value.ts'

/** A stack that was deployed. */
export interface LocalStack {
  readonly name: string
  /** CREATE_COMPLETE unless given. */
  readonly status?: string
  readonly account?: string
  readonly outputs: Readonly<Record<string, string>>
}

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/'

const CLOUDFORMATION_QUERY: Protocol = {
  ...SNS_QUERY,
  answer: (...call) => ofCloudFormation(SNS_QUERY.answer(...call)),
  refuse: (...error) => ofCloudFormation(SNS_QUERY.refuse(...error)),
}

/**
 * CloudFormation as whoever looks for a stack sees it; `stacks` is asked at each call. The ValidationError of an
 * unknown stack is documented (DescribeStacks), its words are observed.
 */
export function cloudFormationApi(stacks: () => readonly LocalStack[]): AwsApi {
  return {
    name: 'cloudformation',
    protocol: CLOUDFORMATION_QUERY,
    actions: {
      DescribeStacks: (parameters) => {
        const name = requiredText(parameters, 'StackName')
        const stack = stacks().find((each) => each.name === name)
        if (stack !== undefined) return { Stacks: [described(stack)] }
        throw new AwsError('ValidationError', `Stack with id ${name} does not exist`)
      },
    },
    throttled: { code: 'Throttling', status: 400 },
    internal: { code: 'InternalFailure', status: 500 },
  }
}

function described({ name, status, account = '000000000000', outputs }: LocalStack): WireObject {
  return {
    StackId: `arn:aws:cloudformation:eu-west-1:${account}:stack/${name}/00000000-0000-4000-8000-000000000000`,
    StackName: name,
    CreationTime: '2026-01-01T00:00:00.000Z',
    StackStatus: status ?? 'CREATE_COMPLETE',
    Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
  }
}

function ofCloudFormation<A extends { readonly body: string }>(answer: A): A {
  return { ...answer, body: answer.body.replace(/xmlns="[^"]*"/, `xmlns="${NAMESPACE}"`) }
}
