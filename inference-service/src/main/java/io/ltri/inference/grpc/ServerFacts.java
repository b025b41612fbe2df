package io.ltri.inference.grpc;

import java.time.Duration;
import java.util.Map;

/**
 * What the server tells of itself that does not change while it runs.
 *
 * @param patience with a client that takes nothing of its answer
 */
public record ServerFacts(
    String version,
    String dataFolder,
    String policy,
    Map<String, String> readingSettings,
    String indexAddress,
    Duration patience) {}
