package io.ltri.inference.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamingDecoderTest {

  private final Tokenizer tokenizer = SmallTokenizers.tokenizer("gpt2");

  @Test
  void incompleteCharactersAreHeldBack() {
    int[] ids = tokenizer.encodeText("x𐍈y");
    StreamingDecoder decoder = tokenizer.decoder(false);
    List<String> pieces = new ArrayList<>();
    for (int id : ids) {
      pieces.add(decoder.append(id));
    }
    assertThat(pieces).containsExactly("x", "", "", "", "𐍈", "y");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void replacementCharacterAppearsOnlyAtTheEnd() {
    int[] ids = tokenizer.encodeText("𐍈");
    StreamingDecoder decoder = tokenizer.decoder(false);
    assertThat(decoder.append(ids[0])).isEmpty();
    assertThat(decoder.append(ids[1])).isEmpty();
    assertThat(decoder.finish()).isEqualTo("\uFFFD");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void brokenCharacterIsReplacedOnceAndTheNextOneStands() {
    int[] ids = tokenizer.encodeText("𐍈");
    StreamingDecoder decoder = tokenizer.decoder(false);
    assertThat(decoder.append(ids[0])).isEmpty();
    assertThat(decoder.append(tokenizer.id("a").orElseThrow())).isEqualTo("\uFFFDa");
  }

  @Test
  void specialTokensAreShownOrSkipped() {
    int end = tokenizer.id("<|im_end|>").orElseThrow();
    assertThat(tokenizer.decoder(false).append(end)).isEqualTo("<|im_end|>");
    assertThat(tokenizer.decoder(true).append(end)).isEmpty();
    int call = tokenizer.id("<tool_call>").orElseThrow();
    assertThat(tokenizer.decoder(true).append(call)).isEqualTo("<tool_call>");
  }
}
