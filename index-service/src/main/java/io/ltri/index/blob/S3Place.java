package io.ltri.index.blob;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an S3 blob store is.
 *
 * @param prefix before every key; empty, or ends with a slash
 * @param endpoint null: AWS
 * @param region null: as the environment says
 * @param pathStyle the bucket is named in the path, not in the host
 */
record S3Place(
    String bucket,
    String prefix,
    @Nullable String endpoint,
    @Nullable String region,
    boolean pathStyle) {

  static final List<String> OPTIONS = List.of("endpoint", "region", "path-style");
}
