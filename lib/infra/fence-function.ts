import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { METRIC_NAMESPACE } from '../names.ts'
import { bundledCode, type EntryName } from './bundle.ts'
import { writeLog } from './permissions.ts'
import { FUNCTION_SECONDS } from './queues.ts'

export interface FenceFunctionProps {
  readonly entry: EntryName
  readonly fence: FenceConfig
  readonly memoryMegabytes: number
  readonly environment: Readonly<Record<string, string>>
  /** Everything that it may do but writing its own log. */
  readonly allowed: readonly PolicyStatement[]
}

/**
 * One file of `lambda/` as a function, with a log that is kept for a month. Its role holds what is allowed and no
 * managed policy: AWS's own for Lambda lets a function write every log of the account.
 */
export function fenceFunction(scope: Construct, id: string, props: FenceFunctionProps): LambdaFunction {
  const { entry, fence, memoryMegabytes, environment, allowed } = props
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { allowed: new PolicyDocument({ statements: [...allowed, writeLog(logGroup)] }) },
  })
  return new LambdaFunction(scope, id, {
    description: `sipfence ${entry} of fence ${fence.id}`,
    code: bundledCode(entry, fence),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: memoryMegabytes,
    timeout: Duration.seconds(FUNCTION_SECONDS),
    environment: {
      ...environment,
      POWERTOOLS_SERVICE_NAME: entry,
      POWERTOOLS_METRICS_NAMESPACE: METRIC_NAMESPACE,
    },
    logGroup,
    role,
  })
}
