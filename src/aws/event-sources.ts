import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import type { EventSource, EventSources } from "../ports/event-sources.ts";

/** 10,000 event sources: a function has two or three. */
const PAGES_MAX = 100;
/** One that is being changed takes no other change; changes end within a minute. */
const BUSY_MAX = 40;
const BUSY_WAIT_MS = 2_000;

/** Lambda's event source mappings. */
export class LambdaEventSources implements EventSources {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient) {
    this.#client = client;
  }

  async of(functionName: string): Promise<readonly EventSource[]> {
    const found: EventSource[] = [];
    let marker: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { EventSourceMappings = [], NextMarker } = await this.#page(functionName, marker);
      found.push(...EventSourceMappings.map(mapping => eventSource(functionName, mapping)));
      if (!NextMarker) return found;
      marker = NextMarker;
    }
    throw new Error(`More than ${PAGES_MAX} pages of event sources call ${functionName}`);
  }

  async enable(id: string, isEnabled: boolean): Promise<void> {
    for (let busy = 1; ; busy += 1) {
      try {
        await this.#client.send(new UpdateEventSourceMappingCommand({ UUID: id, Enabled: isEnabled }));
        return;
      } catch (error) {
        if (!isNamed(error, "ResourceInUseException") || busy === BUSY_MAX) throw error;
        await wait(BUSY_WAIT_MS);
      }
    }
  }

  /** A function that is not there has no event sources. */
  async #page(functionName: string, marker: string | undefined) {
    try {
      return await this.#client.send(
        new ListEventSourceMappingsCommand({ FunctionName: functionName, Marker: marker }),
      );
    } catch (error) {
      if (isNamed(error, "ResourceNotFoundException"))
        return { EventSourceMappings: [], NextMarker: undefined };
      throw error;
    }
  }
}

const wait = (delayMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, delayMs));

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

const eventSource = (
  functionName: string,
  { UUID, EventSourceArn, State }: EventSourceMappingConfiguration,
): EventSource => {
  if (UUID === undefined || State === undefined)
    throw new Error(`Expected id and state of what calls ${functionName}, got ${UUID} and ${State}`);
  return { id: UUID, functionName, sourceArn: EventSourceArn ?? "", state: State };
};
