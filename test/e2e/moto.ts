import { type MotoServer, startMoto } from '../aws/moto-server.ts'

/** A whole account on a moto server: what the CDK command line and SDK clients need to find it. */
export interface MotoAccount extends MotoServer {
  /** Moto takes `localhost` for its own name; by number it looks for buckets that do not exist. */
  readonly endpoint: string
  readonly region: string
  readonly account: string
  /** For child processes: nothing of the machine's own credentials, profiles or metadata. */
  readonly environment: Readonly<Record<string, string>>
  /** For SDK clients in this process. */
  readonly client: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
  /** The default VPC. */
  readonly vpc: string
}

/** Starts moto on a free port of loopback: about two seconds. Fails, with no process left, where it does not start. */
export async function startMotoAccount(): Promise<MotoAccount> {
  const moto = await startMoto()
  try {
    const { port } = await moto.ec2.config.endpoint!()
    const endpoint = `http://localhost:${port}`
    const credentials = { accessKeyId: 'LOCAL', secretAccessKey: 'local' }
    const region = String(await moto.ec2.config.region())
    const { Vpcs } = await moto.ec2.describeVpcs({})
    return {
      ...moto,
      endpoint,
      region,
      account: '123456789012',
      environment: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      client: { endpoint, region, credentials },
      vpc: Vpcs![0]!.VpcId!,
    }
  } catch (error) {
    await moto.stop()
    throw error
  }
}
