import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { EC2 } from '@aws-sdk/client-ec2'
import { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { SNS } from '@aws-sdk/client-sns'
import { SQS } from '@aws-sdk/client-sqs'
import { WAFV2 } from '@aws-sdk/client-wafv2'

/** A moto server, which is someone else's imitation of AWS, on a free port of 127.0.0.1. */
export interface MotoServer {
  readonly ec2: EC2
  readonly serviceQuotas: ServiceQuotas
  readonly sqs: SQS
  readonly sns: SNS
  readonly dynamodb: DynamoDB
  readonly wafv2: WAFV2
  /** Makes a custom network ACL in the default VPC and returns its id. */
  newAcl(): Promise<string>
  stop(): Promise<void>
}

/** Fails, with no process left behind, where moto does not start. */
export async function startMoto(): Promise<MotoServer> {
  const options = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']
  const child = spawn('python3', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill()
    await ended
  }
  try {
    return { ...(await clientsOf(await endpointIn(createInterface({ input: child.stderr })))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function clientsOf(endpoint: string): Promise<Omit<MotoServer, 'stop'>> {
  const credentials = { accessKeyId: 'LOCAL', secretAccessKey: 'local' }
  const config = { endpoint, credentials, region: 'eu-west-1', maxAttempts: 1 }
  const ec2 = new EC2(config)
  const { Vpcs } = await ec2.describeVpcs({})
  return {
    ec2,
    serviceQuotas: new ServiceQuotas(config),
    sqs: new SQS(config),
    sns: new SNS(config),
    dynamodb: new DynamoDB(config),
    wafv2: new WAFV2(config),
    async newAcl() {
      const { NetworkAcl } = await ec2.createNetworkAcl({ VpcId: Vpcs![0]!.VpcId })
      return NetworkAcl!.NetworkAclId!
    },
  }
}

/** Moto says where it listens as soon as it does; what it logs later is read and left. */
function endpointIn(lines: NodeJS.EventEmitter): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.on('line', (line: string) => {
      const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (endpoint !== undefined) resolve(endpoint)
    })
    lines.on('close', () => reject(new Error('Cannot find where moto listens; it ended')))
  })
}
