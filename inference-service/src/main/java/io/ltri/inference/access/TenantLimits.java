package io.ltri.inference.access;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.bulkhead.BulkheadRegistry;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.github.resilience4j.ratelimiter.RateLimiterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests a tenant may make in a second, and have at a time. A caller that may name any
 * tenant is counted by its credential, so that there are no more counts than tokens.
 */
public final class TenantLimits {

  private final RateLimiterRegistry rates;
  private final BulkheadRegistry calls;
  private final boolean limitsRate;
  private final boolean limitsCalls;
  private final AtomicInteger running = new AtomicInteger();

  /**
   * @param perSecond requests; 0: any number
   * @param atATime requests; 0: any number
   */
  public TenantLimits(int perSecond, int atATime) {
    if (perSecond < 0 || atATime < 0) {
      throw new IllegalArgumentException("limits of a tenant must not be negative");
    }
    limitsRate = perSecond > 0;
    limitsCalls = atATime > 0;
    rates =
        RateLimiterRegistry.of(
            RateLimiterConfig.custom()
                .limitForPeriod(Math.max(1, perSecond))
                .limitRefreshPeriod(Duration.ofSeconds(1))
                .timeoutDuration(Duration.ZERO)
                .build());
    calls =
        BulkheadRegistry.of(
            BulkheadConfig.custom()
                .maxConcurrentCalls(Math.max(1, atATime))
                .maxWaitDuration(Duration.ZERO)
                .build());
  }

  /** Requests that were let in and have not ended, of all tenants. */
  public int running() {
    return running.get();
  }

  /** A request that was let in; closing it more than once does nothing. */
  public interface Permit extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @throws AccessException if the tenant must wait
   */
  public Permit take(Caller caller) {
    String counted = caller.tenant() == null ? "*" + caller.name() : caller.tenant();
    if (limitsRate && !rates.rateLimiter(counted).acquirePermission()) {
      throw new AccessException(
          AccessException.Reason.TOO_MANY, "too many requests in a second: try again in one");
    }
    Bulkhead bulkhead = limitsCalls ? calls.bulkhead(counted) : null;
    if (bulkhead != null && !bulkhead.tryAcquirePermission()) {
      throw new AccessException(
          AccessException.Reason.TOO_MANY,
          "too many requests at a time: try again when one has ended");
    }
    running.incrementAndGet();
    AtomicBoolean open = new AtomicBoolean(true);
    return () -> {
      if (open.compareAndSet(true, false)) {
        running.decrementAndGet();
        if (bulkhead != null) {
          bulkhead.onComplete();
        }
      }
    };
  }
}
