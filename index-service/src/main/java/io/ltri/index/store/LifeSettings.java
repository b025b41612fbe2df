package io.ltri.index.store;

import java.util.Map;

/**
 * Limits of bytes, and what is removed by itself.
 *
 * @param nodeBytes most real bytes of all documents together; 0: no limit but the disk's
 * @param tenantBytes most real bytes of a tenant that {@code tenants} does not name; 0: no limit
 * @param tenants most real bytes by tenant; 0: no limit
 * @param reserveBytes left free on the disk, for what must be written even when it is full
 * @param evict whether a document may be removed to make room within a limit
 * @param protectMillis a document used in so short a time is not evicted
 * @param buildAgeMillis a build that nobody has gone on with for so long is abandoned
 */
public record LifeSettings(
    long nodeBytes,
    long tenantBytes,
    Map<String, Long> tenants,
    long reserveBytes,
    boolean evict,
    long protectMillis,
    long buildAgeMillis) {

  private static final long DAY_MILLIS = 24L * 60 * 60 * 1000;

  /** No limits, no reserve. */
  public static final LifeSettings UNLIMITED =
      new LifeSettings(0, 0, Map.of(), 0, false, 60_000, DAY_MILLIS);

  public LifeSettings {
    tenants = Map.copyOf(tenants);
  }

  /** 0: no limit. Documents of nobody in particular, tenant "", are held to the node's alone. */
  long limitOf(String tenant) {
    Long own = tenants.get(tenant);
    return own != null ? own : tenant.isEmpty() ? 0 : tenantBytes;
  }
}
