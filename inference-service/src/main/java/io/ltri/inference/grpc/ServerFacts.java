package io.ltri.inference.grpc;

import java.util.Map;

/** What the server tells of itself that does not change while it runs. */
public record ServerFacts(
    String version,
    String dataFolder,
    String policy,
    Map<String, String> readingSettings,
    String indexAddress) {}
