package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class CrewTest {

  @Test
  void everyUnitIsDoneOnceWhateverSleepsBetween() throws InterruptedException {
    try (Crew crew = new Crew(3)) {
      for (int round = 0; round < 2000; round++) {
        int units = 1 + round % 7;
        AtomicIntegerArray done = new AtomicIntegerArray(units);
        crew.run(units, (unit, worker) -> done.incrementAndGet(unit));
        for (int unit = 0; unit < units; unit++) {
          assertThat(done.get(unit)).isEqualTo(1);
        }
        if (round % 500 == 0) {
          // Until all have gone to sleep.
          Thread.sleep(20);
        }
      }
    }
  }

  /** Each of two units waits for the other, which one thread alone could not do. */
  @Test
  void threadsWorkAtTheSameTime() {
    try (Crew crew = new Crew(2)) {
      CountDownLatch both = new CountDownLatch(2);
      Set<Integer> workers = ConcurrentHashMap.newKeySet();
      crew.run(
          2,
          (unit, worker) -> {
            workers.add(worker);
            both.countDown();
            await(both);
          });
      assertThat(workers).containsExactlyInAnyOrder(0, 1);
    }
  }

  /** A core that nobody needs is left to others. */
  @Test
  void whoHasNothingToDoSleeps() throws InterruptedException {
    try (Crew crew = new Crew(2)) {
      for (int round = 0; round < 3; round++) {
        crew.run(8, (unit, worker) -> {});
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!crew.isAsleep() && System.nanoTime() < end) {
          Thread.sleep(1);
        }
        assertThat(crew.isAsleep()).isTrue();
        // It stays so.
        Thread.sleep(50);
        assertThat(crew.isAsleep()).isTrue();
      }
    }
  }

  @Test
  void whoFindsTheCrewAtWorkDoesItAlone() {
    try (Crew crew = new Crew(2)) {
      crew.run(
          2,
          (unit, worker) -> {
            if (worker == 0) {
              Thread other =
                  Thread.ofPlatform().start(() -> crew.run(3, (u, w) -> assertThat(w).isZero()));
              join(other);
            }
          });
    }
  }

  @Test
  void failureOfAUnitIsTold() {
    try (Crew crew = new Crew(2)) {
      assertThatThrownBy(
              () ->
                  crew.run(
                      4,
                      (unit, worker) -> {
                        throw new IllegalArgumentException("unit " + unit);
                      }))
          .hasRootCauseInstanceOf(IllegalArgumentException.class);
      int[] done = new int[1];
      crew.run(1, (unit, worker) -> done[0]++);
      assertThat(done[0]).isEqualTo(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(30_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
