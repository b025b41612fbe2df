package io.ltri.edge.watch;

import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.ListenRule;
import io.ltri.edge.access.TlsFiles;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The {@link ManagementServer} of a service, where its settings want one. */
public final class Management implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Management.class);

  /** Before its end a certificate is warned of. */
  private static final Duration NEAR_END = Duration.ofDays(14);

  private final Readiness readiness;
  private volatile Runnable beforeScrape = () -> {};
  private final @Nullable ManagementServer server;

  /**
   * @param prefix of the service's environment variables
   * @param servicePort where the service itself listens; 0: any free port
   * @throws IllegalArgumentException if it may not listen there, or the port is taken
   */
  public Management(
      String prefix,
      WatchSettings settings,
      AccessSettings access,
      int servicePort,
      PrometheusMeterRegistry metrics,
      String loading) {
    readiness = new Readiness(loading);
    watchCertificate(access.tls(), metrics);
    if (!settings.isOn()) {
      server = null;
      return;
    }
    ListenRule.require(
        prefix,
        settings.hostOrLoopback(),
        access.tls().serves(),
        access.asksForCredentials(),
        access.insecure());
    int port = settings.portBeside(servicePort);
    InetSocketAddress address = new InetSocketAddress(settings.hostOrLoopback(), port);
    try {
      server =
          ManagementServer.start(
              address,
              access.tls().serves() ? access.tls().javaServer(access.reloadInterval()) : null,
              new Gate(ManagementServer.RULES, access.tokens()),
              () -> {
                beforeScrape.run();
                return metrics.scrape();
              },
              readiness);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%s for metrics cannot be had (%s): choose another with %sWATCH_PORT (0: any free one, -1: none)"
              .formatted(address, e.getMessage(), prefix),
          e);
    }
    LOG.info(
        "metrics and readiness at {}:{}",
        settings.hostOrLoopback().getHostAddress(),
        server.port());
  }

  /** Always there, so that an alert on it names something that exists. */
  private static void watchCertificate(TlsFiles tls, MeterRegistry metrics) {
    Gauge.builder("ltri.certificate.expiry.timestamp", () -> end(tls))
        .description("Unix time at which the service's certificate ends; NaN without one")
        .baseUnit("seconds")
        .register(metrics);
    Instant end = tls.certificateEnds();
    if (end != null && end.isBefore(Instant.now().plus(NEAR_END))) {
      LOG.warn(
          "the certificate {} {} {}: put another in its place, it is taken up without a restart",
          tls.certificate(),
          end.isBefore(Instant.now()) ? "has ended" : "will end",
          end);
    }
  }

  private static double end(TlsFiles tls) {
    Instant end = tls.certificateEnds();
    return end == null ? Double.NaN : end.getEpochSecond();
  }

  /** From now on requests are served; what may keep them from it is asked, but not all the time. */
  public void loaded(Supplier<Optional<String>> problem) {
    readiness.loaded(new Remembered(problem, Duration.ofSeconds(1)));
  }

  /** Runs before the figures are told. */
  public void beforeScrape(Runnable task) {
    beforeScrape = task;
  }

  public Readiness readiness() {
    return readiness;
  }

  /** -1: there is none. */
  public int port() {
    return server == null ? -1 : server.port();
  }

  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
  }

  /** So that many who ask do not become as many calls. */
  private static final class Remembered implements Supplier<Optional<String>> {
    private final Supplier<Optional<String>> question;
    private final long nanos;
    private long askedAt;
    private @Nullable Optional<String> answer;

    Remembered(Supplier<Optional<String>> question, Duration time) {
      this.question = question;
      this.nanos = time.toNanos();
    }

    @Override
    public synchronized Optional<String> get() {
      Optional<String> last = answer;
      if (last == null || System.nanoTime() - askedAt > nanos) {
        last = question.get();
        answer = last;
        askedAt = System.nanoTime();
      }
      return last;
    }
  }
}
