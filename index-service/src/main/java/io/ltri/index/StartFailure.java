package io.ltri.index;

import io.ltri.index.blob.BlobException;
import io.ltri.index.store.StoreException;
import io.ltri.placement.PlacementException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Failures that the person who starts the service can do something about: these get a sentence and
 * no stack trace. Anything else is a defect and keeps its trace.
 */
class StartFailure extends AbstractFailureAnalyzer<Throwable> {

  /** How gRPC's server begins its message when the address can not be had. */
  private static final String BIND = "Failed to bind";

  @Override
  protected @Nullable FailureAnalysis analyze(Throwable root, Throwable cause) {
    String known = known(root);
    return known == null ? null : new FailureAnalysis(known, null, cause);
  }

  /** What to say of any failure. */
  static String sentence(Throwable failure) {
    String known = known(failure);
    return known == null ? failure.toString() : known;
  }

  private static @Nullable String known(Throwable failure) {
    boolean inSettings = false;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof StoreException
          || cause instanceof BlobException
          || cause instanceof PlacementException) {
        return cause.getMessage();
      }
      if (cause instanceof IOException && String.valueOf(cause.getMessage()).startsWith(BIND)) {
        return "%s: another process listens there, or the machine has no such address. Stop that process, or choose another port with LTRI_INDEX_PORT (0: any free one)"
            .formatted(cause.getMessage());
      }
      inSettings |=
          cause instanceof ConfigurationPropertiesBindException
              && String.valueOf(cause.getMessage()).contains("ltri.index");
      if (inSettings && cause.getCause() == null) {
        return cause.getMessage();
      }
    }
    return null;
  }
}
