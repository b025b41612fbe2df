package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PagesTest {

  @Test
  void aTokenLiesOnTheLastPageThatBeganBeforeIt() {
    Pages pages = new Pages(new int[] {5, 20, 90});
    assertThat(pages.pageOf(4)).isZero();
    assertThat(pages.pageOf(5)).isEqualTo(1);
    assertThat(pages.pageOf(19)).isEqualTo(1);
    assertThat(pages.pageOf(20)).isEqualTo(2);
    assertThat(pages.pageOf(1000)).isEqualTo(3);
  }

  @Test
  void anEmptyPageHoldsNoToken() {
    Pages pages = new Pages(new int[] {5, 20, 20, 90});
    assertThat(pages.pageOf(19)).isEqualTo(1);
    assertThat(pages.pageOf(20)).isEqualTo(3);
    assertThat(pages.pageOf(21)).isEqualTo(3);
  }

  @Test
  void withoutPagesEveryPageIsUnknown() {
    assertThat(Pages.NONE.pageOf(0)).isZero();
    assertThat(Pages.NONE.pageOf(7)).isZero();
  }
}
