package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A service without HTTP. */
class HttpOffTest {

  @RegisterExtension
  static final LtriExtension LTRI = TinyModel.services().with("ltri.inference.http.port", -1);

  @Test
  void withoutHttpTheServiceListensOnGrpcAlone() {
    assertThat(LTRI.http().getPort()).isEqualTo(-1);
    assertThat(LTRI.client().server().model()).isNotEmpty();
  }
}
