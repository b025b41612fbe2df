package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.SpanIndex;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SpanSendingTest {

  private final AtomicBoolean asked = new AtomicBoolean();
  private final List<Runnable> later = new ArrayList<>();

  private SpanSending sending() {
    SpanIndex index =
        (SpanIndex)
            Proxy.newProxyInstance(
                SpanIndex.class.getClassLoader(),
                new Class<?>[] {SpanIndex.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "isAsked" -> asked.get();
                      case "append" -> null;
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    return new SpanSending(index, OwnSpans.building("own", false), later::add, 1);
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.MINUTES)
  void anIndexThatDoesNotAnswerIsNotWaitedForAndHasTheSpansAfterwards() {
    SpanSending sending = sending();
    sending.send(0, List.of());
    StepWait wait = new StepWait(Duration.ofHours(1), false);
    IndexException unseen = sending.await(0, wait);
    assertThat(unseen).isNotNull();
    assertThat(unseen.reason()).isEqualTo(IndexException.Reason.UNAVAILABLE);
    assertThat(sending.hasArrived(0)).isFalse();

    asked.set(true);
    later.forEach(Runnable::run);
    assertThat(sending.await(0, wait)).isNull();
    assertThat(sending.hasArrived(0)).isTrue();
    assertThat(sending.documentId()).isEqualTo("own");
  }
}
