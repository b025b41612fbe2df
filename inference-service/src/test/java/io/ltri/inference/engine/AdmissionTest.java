package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AdmissionTest {

  private final BlockingQueue<String> inside = new LinkedBlockingQueue<>();
  private final BlockingQueue<Admission.Entry> entries = new LinkedBlockingQueue<>();

  private static Admission admission(int most, int mostWaiting) {
    return new Admission("answers", most, mostWaiting, "ANSWERS", EngineMeters.NONE);
  }

  /** Somebody who waits, and says when it is let in. */
  private CompletableFuture<Void> wait(Admission admission, String tenant, String name) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread waiting =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    Admission.Entry entry =
                        Objects.requireNonNull(admission.enter(tenant, () -> true));
                    inside.add(name);
                    entries.add(entry);
                    done.complete(null);
                  } catch (RequestException e) {
                    done.completeExceptionally(e);
                  }
                });
    while (waiting.getState() != Thread.State.TIMED_WAITING && !done.isDone()) {
      Thread.onSpinWait();
    }
    return done;
  }

  private static Admission.Entry enter(Admission admission, String tenant) {
    return Objects.requireNonNull(admission.enter(tenant, () -> true));
  }

  @Test
  void tenantsWithFewerInsideComeFirstAndOthersInTheOrderOfTheirTurns()
      throws InterruptedException {
    Admission admission = admission(2, 10);
    entries.add(enter(admission, "many"));
    entries.add(enter(admission, "many"));
    for (int i = 0; i < 3; i++) {
      var unused = wait(admission, "many", "many" + i);
    }
    var one = wait(admission, "one", "one0");
    var other = wait(admission, "other", "other0");
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      entries.take().close();
      order.add(inside.take());
    }
    assertThat(order).containsExactly("one0", "many0", "other0", "many1", "many2");
    assertThat(one).isCompleted();
    assertThat(other).isCompleted();
  }

  @Test
  void whenTheQueueIsFullTheMessageSaysWhatToDo() {
    Admission admission = admission(1, 0);
    try (Admission.Entry unused = enter(admission, "a")) {
      assertThatThrownBy(() -> enter(admission, "b"))
          .isInstanceOfSatisfying(
              RequestException.class,
              e -> assertThat(e.reason()).isEqualTo(RequestException.Reason.BUSY))
          .hasMessage(
              "1 answers are worked on and 0 wait, which is the limit: try again later, or raise ANSWERS");
    }
    enter(admission, "b").close();
  }

  @Test
  void aTenantThatFillsTheQueueMakesRoomForAnother() throws InterruptedException {
    Admission admission = admission(1, 2);
    Admission.Entry first = enter(admission, "many");
    CompletableFuture<Void> early = wait(admission, "many", "early");
    CompletableFuture<Void> late = wait(admission, "many", "late");
    CompletableFuture<Void> other = wait(admission, "one", "one");
    assertThatThrownBy(late::join).hasCauseInstanceOf(RequestException.class);
    assertThatThrownBy(() -> enter(admission, "many")).isInstanceOf(RequestException.class);
    assertThat(admission.waiting()).isEqualTo(2);
    first.close();
    assertThat(inside.take()).isEqualTo("early");
    entries.take().close();
    assertThat(inside.take()).isEqualTo("one");
    assertThat(early).isCompleted();
    assertThat(other).isCompleted();
  }

  @Test
  void whoNoLongerWantsToComeInLeavesTheLine() {
    Admission admission = admission(1, 1);
    try (Admission.Entry unused = enter(admission, "a")) {
      assertThat(admission.enter("b", () -> false)).isNull();
      AtomicBoolean asked = new AtomicBoolean();
      assertThatThrownBy(
              () ->
                  admission.enter(
                      "b",
                      () -> {
                        if (asked.getAndSet(true)) {
                          throw new RequestException(RequestException.Reason.CANCELLED, "gone");
                        }
                        return true;
                      }))
          .hasMessage("gone");
      assertThat(admission.waiting()).isZero();
    }
    enter(admission, "c").close();
  }
}
