package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ComputeThreadTest {

  @Test
  void whatItOwnsIsClosedWhenItsWorkIsDone() throws InterruptedException {
    ComputeThread compute = new ComputeThread();
    List<String> happened = new CopyOnWriteArrayList<>();
    compute.owns(() -> happened.add("closed"));
    CountDownLatch works = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    Thread caller =
        Thread.startVirtualThread(
            () ->
                compute.run(
                    () -> {
                      works.countDown();
                      goesOn.await();
                      return happened.add("worked");
                    }));
    works.await();
    Thread closer = Thread.startVirtualThread(compute::close);
    while (closer.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(happened).isEmpty();
    goesOn.countDown();
    closer.join();
    caller.join();
    compute.close();
    assertThat(happened).containsExactly("worked", "closed");
  }
}
