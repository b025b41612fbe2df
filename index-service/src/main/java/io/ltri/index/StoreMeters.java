package io.ltri.index;

import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.NodeFigures;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** What lies in the store, as it is when somebody looks. */
final class StoreMeters {

  /** So many tenants have a line of their own: labels must not grow without a bound. */
  private static final int MOST_TENANTS = 50;

  private static final long FRESH_NANOS = 1_000_000_000;

  private final DocumentStore store;
  private final MultiGauge tenants;
  private NodeFigures figures;
  private long takenAt;

  StoreMeters(DocumentStore store, MeterRegistry registry) {
    this.store = store;
    this.figures = store.figures();
    this.takenAt = System.nanoTime();
    gauge(registry, "ltri.index.documents", "Sealed documents", NodeFigures::documents);
    gauge(registry, "ltri.index.builds", "Documents being read", NodeFigures::builds);
    gauge(registry, "ltri.index.documents.damaged", "Documents with a fault", NodeFigures::damaged);
    bytes(registry, "ltri.index.size", "Of everything that is stored", NodeFigures::sizeBytes);
    bytes(
        registry, "ltri.index.quota", "Limit of what is stored; 0: none", NodeFigures::quotaBytes);
    bytes(registry, "ltri.index.free", "Left within quota and disk", NodeFigures::freeBytes);
    for (DeletionReason reason : DeletionReason.values()) {
      FunctionCounter.builder("ltri.index.documents.gone", store, gone -> gone.gone(reason))
          .description("Documents that went since the start, by why")
          .tag("reason", reason.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    tenants =
        MultiGauge.builder("ltri.index.tenant.size")
            .baseUnit("bytes")
            .description("Of the sealed documents of a tenant; the largest " + MOST_TENANTS)
            .register(registry);
  }

  private void gauge(
      MeterRegistry registry, String name, String what, ToDoubleFunction<NodeFigures> figure) {
    Gauge.builder(name, () -> figure.applyAsDouble(now())).description(what).register(registry);
  }

  private void bytes(
      MeterRegistry registry, String name, String what, ToDoubleFunction<NodeFigures> figure) {
    Gauge.builder(name, () -> figure.applyAsDouble(now()))
        .baseUnit("bytes")
        .description(what)
        .register(registry);
  }

  /** All gauges of one look are of one state. */
  private synchronized NodeFigures now() {
    if (System.nanoTime() - takenAt > FRESH_NANOS) {
      figures = store.figures();
      takenAt = System.nanoTime();
    }
    return figures;
  }

  /** Brings the lines of the tenants up to date. */
  void refresh() {
    Map<String, Long> bytes =
        store.list(false).stream()
            .collect(
                Collectors.groupingBy(
                    summary -> summary.facts().tenant(),
                    Collectors.summingLong(DocumentSummary::sizeBytes)));
    List<MultiGauge.Row<?>> rows =
        bytes.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(MOST_TENANTS)
            .<MultiGauge.Row<?>>map(
                entry ->
                    MultiGauge.Row.of(Tags.of("tenant", entry.getKey()), (Number) entry.getValue()))
            .toList();
    tenants.register(rows, true);
  }
}
