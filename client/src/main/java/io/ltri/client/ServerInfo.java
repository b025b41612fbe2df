package io.ltri.client;

import java.util.Map;

/**
 * What the inference service says of itself.
 *
 * @param version of the service
 * @param processId of the service
 * @param dataFolder where it keeps its files
 * @param model name or path
 * @param modelDigest of its weights
 * @param trainedLength tokens
 * @param device it computes on
 * @param precision it computes in
 * @param policy of attention, unless a question names another
 * @param readingSettings those that are part of a document's identity
 * @param indexAddress of the index it uses
 * @param indexState SERVING, or what is wrong with it
 * @param documents it knows
 * @param stepWeightBytes of the weights that a decode step reads, as it holds them
 */
public record ServerInfo(
    String version,
    long processId,
    String dataFolder,
    String model,
    String modelDigest,
    long trainedLength,
    String device,
    String precision,
    String policy,
    Map<String, String> readingSettings,
    String indexAddress,
    String indexState,
    int documents,
    long stepWeightBytes) {

  /** Whether the service reaches its index. */
  public boolean reachesIndex() {
    return indexState.equals("SERVING");
  }
}
