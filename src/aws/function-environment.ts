import { GetFunctionConfigurationCommand, type LambdaClient } from "@aws-sdk/client-lambda";

/** The environment of a deployed function: where its deployment keeps things. Throws: the service's error. */
export const functionEnvironment = async (
  client: LambdaClient,
  functionName: string,
): Promise<Readonly<Record<string, string>>> => {
  const { Environment } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName }),
  );
  return Environment?.Variables ?? {};
};
