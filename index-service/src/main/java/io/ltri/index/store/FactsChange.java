package io.ltri.index.store;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A change of what may change of a document; null: as it was.
 *
 * @param expiresAtMillis 0: never
 * @param extendByMillis 0: uses do not put off the end
 * @param removeLabels names; removed before {@code setLabels} are set
 */
public record FactsChange(
    @Nullable Long expiresAtMillis,
    @Nullable Long extendByMillis,
    @Nullable Boolean pinned,
    Map<String, String> setLabels,
    List<String> removeLabels) {

  public FactsChange {
    setLabels = Map.copyOf(setLabels);
    removeLabels = List.copyOf(removeLabels);
  }
}
