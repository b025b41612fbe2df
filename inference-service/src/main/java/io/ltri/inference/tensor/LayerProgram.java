package io.ltri.inference.tensor;

import java.util.List;
import java.util.Locale;

/**
 * The text of the decoder in TorchScript. Sizes of the model are written into the text; what varies
 * per call comes as arguments. The dialect is that of serialised modules: element types are numbers
 * (6 float32, 15 bfloat16, 4 int64).
 */
final class LayerProgram {

  /** Linear layers per decoder layer, in this order: q/k/v, attention output, gate/up, down. */
  static final int LINEARS_PER_LAYER = 4;

  /** Position schemes of attend, as {@link Places} names them. */
  static final int IN_ORDER = 0;

  static final int PLACED = 1;
  static final int DISTANT = 2;
  static final int IN_SLOTS = 3;

  static final List<String> LIST_ATTRIBUTES =
      List.of(
          "embedding",
          "norms",
          "headNorms",
          "weights",
          "scales",
          "zeros",
          "qkvBiases",
          "outputBiases");

  private LayerProgram() {}

  /**
   * @param bfloat16Attention scores and sums of several queries in bfloat16
   */
  static String text(DecoderShape shape, LinearOperator linear, boolean bfloat16Attention) {
    return TEMPLATE
        .replace("@WEIGHT", linear.weightType)
        .replace("@PACK", linear.pack)
        .replace("    @APPLY\n", linear.apply.indent(4))
        .replace("@QUANTISED", linear.quantised() ? "True" : "False")
        .replace("@BF16_ATTENTION", bfloat16Attention ? "True" : "False")
        .replace("@EMBEDDING_DTYPE", Integer.toString(linear.embeddingDtype))
        .replace("@BIAS_DTYPE", Integer.toString(linear.biasDtype))
        .replace("@QKV_BIAS", shape.attentionBias() ? "(self.qkvBiases)[layer]" : "None")
        .replace("@OUTPUT_BIAS", shape.outputBias() ? "(self.outputBiases)[layer]" : "None")
        .replace("@QK_NORM", shape.queryKeyNorm() ? "True" : "False")
        .replace("@HEAD", Integer.toString(LINEARS_PER_LAYER * shape.layers()))
        .replace("@FINAL_NORM", Integer.toString(2 * shape.layers()))
        .replace("@HIDDEN", Integer.toString(shape.hidden()))
        .replace("@INTERMEDIATE", Integer.toString(shape.intermediate()))
        .replace("@QWIDTH", Integer.toString(shape.queryHeads() * shape.headDim()))
        .replace("@KVWIDTH", Integer.toString(shape.kvHeads() * shape.headDim()))
        .replace(
            "@VSTART", Integer.toString((shape.queryHeads() + shape.kvHeads()) * shape.headDim()))
        .replace("@QHEADS", Integer.toString(shape.queryHeads()))
        .replace("@KVHEADS", Integer.toString(shape.kvHeads()))
        .replace("@GROUP", Integer.toString(shape.queryHeads() / shape.kvHeads()))
        .replace("@DIM", Integer.toString(shape.headDim()))
        .replace("@HALF", Integer.toString(shape.headDim() / 2))
        .replace("@EPS", number(shape.normEpsilon()))
        .replace("@TEMPERATURE", number(1 / Math.sqrt(shape.headDim())));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.17e", value);
  }

  // Why it is written like this:
  // - Queries are viewed as [kvHeads, group * rows, headDim]: repeating keys and values per query
  //   head (what enable_gqa does) costs more than the attention.
  // - Rows go in blocks so that the scores stay bounded, and each block sees only the columns it
  // may.
  // - A rotation multiplies and adds in operations of their own: one that did both could round once
  //   or twice, depending on how many elements it is given, and an entry that is rotated when it
  //   comes must be the same as when all are rotated again.
  // - What a decode step does with a few hundred numbers is done in Java (TokenRow): an operation
  // here
  //   costs a microsecond or more to call.
  // - Entries in slots are rotated when they have changed and kept so: rotating all of 1,300
  // entries
  //   at each step costs more than attending to them.
  // - A single query attends in float32: converting all keys and values would cost more than it
  //   saves. Several queries use bfloat16 where the linear layers do: with 512 queries over 1,400
  //   entries this saves a fifth of the whole pass (1,110 against 1,346 ms), scores in float32 and
  //   sums in bfloat16 a tenth (1,227 ms), and the divergence of the logits from float32 is the
  //   same within its noise for all three (6.8e-4, 7.3e-4 and 6.5e-4 nats on SmolLM2-135M). The
  //   fused kernel that PyTorch has for this was no faster than blocks of rows in float32.
  // - Of entries at a constant distance the scores in order are computed, too, and overwritten:
  // which they are
  //   differs from query to query, and the scheme is there for comparison.
  // - Arenas are host memory; ".to(q)" and "copy_" are no-ops across devices on the CPU and the
  //   transfers of the used range on an accelerator.
  private static final String TEMPLATE =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        embedding : List[Tensor]
        norms : List[Tensor]
        headNorms : List[Tensor]
        weights : List[@WEIGHT]
        scales : List[Tensor]
        zeros : List[Tensor]
        qkvBiases : List[Tensor]
        outputBiases : List[Tensor]
        def addEmbedding(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.embedding, t.to(@EMBEDDING_DTYPE).clone())
          return 0
        def addNorm(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.norms, torch.clone(t))
          return 0
        def addHeadNorm(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.headNorms, torch.clone(t))
          return 0
        def addLinear(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.weights, @PACK)
          if @QUANTISED:
            _1 = torch.append(self.scales, self.rowScales(t))
            _2 = torch.append(self.zeros, torch.zeros([t.size(0)], dtype=3))
          else:
            pass
          return 0
        def rowScales(self: __torch__.M, t: Tensor) -> Tensor:
          return torch.div(torch.clamp_min(torch.amax(torch.abs(t), [1]), 1e-30), 127.)
        def addQkvBias(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.qkvBiases, t.to(@BIAS_DTYPE).clone())
          return 0
        def addOutputBias(self: __torch__.M, t: Tensor) -> int:
          _0 = torch.append(self.outputBiases, t.to(@BIAS_DTYPE).clone())
          return 0
        def linear(self: __torch__.M, x: Tensor, i: int, b: Optional[Tensor]) -> Tensor:
          w = (self.weights)[i]
          @APPLY
        def rotate(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
          return self.rotateTo(torch.empty_like(x), x, cos, sin)
        def rotateTo(self: __torch__.M, r: Tensor, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
          _0 = torch.mul(x, cos, out=r)
          _1 = r.narrow(-1, 0, @HALF).sub_(torch.mul(x.narrow(-1, @HALF, @HALF), sin))
          _2 = r.narrow(-1, @HALF, @HALF).add_(torch.mul(x.narrow(-1, 0, @HALF), sin))
          return r
        def embed(self: __torch__.M, tokens: Tensor) -> Tensor:
          return torch.embedding((self.embedding)[0], tokens).to(6)
        def mask(self: __torch__.M, like: Tensor, a: List[int]) -> Tensor:
          return torch.triu(torch.full([a[0], a[0]], -inf, dtype=6, device=like.device), 1)
        def qkv(self: __torch__.M, h: Tensor, layer: int) -> Tensor:
          x = torch.rms_norm(h, [@HIDDEN], (self.norms)[2 * layer], @EPS)
          return self.linear(x, @LINEARS * layer, @QKV_BIAS)
        def store(self: __torch__.M, y: Tensor, keys: Tensor, values: Tensor, layer: int, position: int, bfloat16: int) -> Tensor:
          n = y.size(0)
          q = y.narrow(1, 0, @QWIDTH).view([n, @QHEADS, @DIM]).to(6)
          k = y.narrow(1, @QWIDTH, @KVWIDTH).view([n, @KVHEADS, @DIM])
          v = y.narrow(1, @VSTART, @KVWIDTH).view([n, @KVHEADS, @DIM])
          if @QK_NORM:
            q = torch.rms_norm(q, [@DIM], (self.headNorms)[2 * layer], @EPS)
            k = torch.rms_norm(k.to(6), [@DIM], (self.headNorms)[2 * layer + 1], @EPS)
          else:
            pass
          if bfloat16 == 1:
            k = k.to(15)
            v = v.to(15)
          else:
            pass
          _0 = keys.narrow(1, position, n).copy_(k.transpose(0, 1))
          _1 = values.narrow(1, position, n).copy_(v.transpose(0, 1))
          return q.transpose(0, 1).contiguous()
        def project(self: __torch__.M, h: Tensor, keys: Tensor, values: Tensor, a: List[int]) -> Tensor:
          return self.store(self.qkv(h, a[0]), keys, values, a[0], a[1], a[2])
        def projectRows(self: __torch__.M, h: Tensor, a: List[int]) -> Tensor:
          return self.qkv(h, a[0]).to(6)
        def storeRow(self: __torch__.M, y: Tensor, keys: Tensor, values: Tensor, a: List[int]) -> Tensor:
          return self.store(y.narrow(0, a[3], 1), keys, values, a[0], a[1], a[2])
        def rows(self: __torch__.M, h: Tensor, a: List[int]) -> Tensor:
          return h.narrow(0, a[0], a[1])
        def emptyHeads(self: __torch__.M, h: Tensor) -> Tensor:
          return torch.zeros([h.size(0), @QHEADS, @DIM], dtype=6, device=h.device)
        def lookup(self: __torch__.M, q: Tensor, cos: Tensor, sin: Tensor, out: Tensor, a: List[int]) -> Tensor:
          last = a[0]
          r = self.rotate(q.narrow(1, q.size(1) - last, last), cos.narrow(0, a[1], 1), sin.narrow(0, a[1], 1))
          return out.copy_(r)
        def queriesOf(self: __torch__.M, h: Tensor, cos: Tensor, sin: Tensor, out: Tensor, a: List[int]) -> Tensor:
          q = self.qkv(h, a[0]).narrow(1, 0, @QWIDTH).view([h.size(0), @QHEADS, @DIM]).to(6)
          if @QK_NORM:
            q = torch.rms_norm(q, [@DIM], (self.headNorms)[2 * a[0]], @EPS)
          else:
            pass
          return out.copy_(self.rotate(q, cos.narrow(0, a[1], 1), sin.narrow(0, a[1], 1)))
        def mass(self: __torch__.M, q: Tensor, keys: Tensor, cos: Tensor, sin: Tensor, out: Tensor, a: List[int]) -> Tensor:
          last = a[0]
          distance = a[1]
          count = a[3]
          k = keys.narrow(1, a[2], count).to(q)
          r = self.rotate(q.narrow(1, q.size(1) - last, last), cos.narrow(0, distance, 1), sin.narrow(0, distance, 1)).mul_(@TEMPERATURE)
          p = torch.softmax(torch.bmm(r.view([@KVHEADS, @GROUP * last, @DIM]), k.transpose(1, 2)), -1)
          return out.copy_(torch.sum(torch.amax(p.view([@QHEADS, last, count]), [1]), [0]))
        def rotateKept(self: __torch__.M, keys: Tensor, kept: Tensor, cos: Tensor, sin: Tensor, a: List[int]) -> Tensor:
          for i in range(torch.len(a) // 2):
            first = a[2 * i]
            count = a[2 * i + 1]
            _0 = self.rotateTo(kept.narrow(1, first, count), keys.narrow(1, first, count), cos.narrow(0, first, count), sin.narrow(0, first, count))
          return kept
        def one(self: __torch__.M, q: Tensor, kept: Tensor, values: Tensor, probabilities: Tensor, a: List[int]) -> Tensor:
          start = a[1]
          length = a[2]
          p = torch.softmax(torch.bmm(q.view([@KVHEADS, @GROUP, @DIM]), kept.narrow(1, start, length).transpose(1, 2)), -1)
          if a[3] > 0:
            _0 = probabilities.narrow(1, 0, a[3]).copy_(p.view([@QHEADS, length]).narrow(1, length - a[3], a[3]))
          else:
            pass
          return torch.bmm(p, values.narrow(1, start, length))
        def attendOne(self: __torch__.M, h: Tensor, q: Tensor, kept: Tensor, values: Tensor, probabilities: Tensor, a: List[int]) -> Tensor:
          return self.feed(h, self.one(q, kept, values, probabilities, a), a[0])
        def attendOneRow(self: __torch__.M, heads: Tensor, q: Tensor, kept: Tensor, values: Tensor, probabilities: Tensor, a: List[int]) -> Tensor:
          return heads.narrow(0, a[4], 1).copy_(self.one(q, kept, values, probabilities, a).view([1, @QHEADS, @DIM]))
        def attention(self: __torch__.M, q: Tensor, keys: Tensor, values: Tensor, kept: Tensor, cos: Tensor, sin: Tensor, places: Tensor, mask: Tensor, band: Tensor, received: Tensor, a: List[int]) -> Tensor:
          start = a[1]
          length = a[2]
          rows = a[3]
          bandWidth = a[4]
          bandColumn = a[5]
          scheme = a[6]
          distant = a[7]
          distance = a[8]
          receivedColumn = a[9]
          nearOnly = a[10]
          n = q.size(1)
          before = length - n
          if scheme == @PLACED:
            keyCos = torch.index_select(cos, 0, places)
            keySin = torch.index_select(sin, 0, places)
          else:
            if scheme == @SLOTS:
              first = start
            else:
              first = 0
            keyCos = cos.narrow(0, first, length)
            keySin = sin.narrow(0, first, length)
          unrotated = keys.narrow(1, start, length).to(q)
          if scheme == @SLOTS and q.device == keys.device:
            k = kept.narrow(1, start, length)
          else:
            k = self.rotate(unrotated, keyCos, keySin)
          v = values.narrow(1, start, length).to(q)
          if @BF16_ATTENTION:
            if n > 1:
              k = k.to(15)
              v = v.to(15)
            else:
              pass
          else:
            pass
          kt = k.transpose(1, 2)
          qr = self.rotate(q, keyCos.narrow(0, before, n), keySin.narrow(0, before, n)).mul_(@TEMPERATURE).view([@KVHEADS, @GROUP, n, @DIM])
          if scheme == @DISTANT:
            distantKeys = unrotated.to(k).transpose(1, 2)
            distantQueries = self.rotate(q, cos.narrow(0, distance, 1), sin.narrow(0, distance, 1)).mul_(@TEMPERATURE).view([@KVHEADS, @GROUP, n, @DIM])
          else:
            distantKeys = kt
            distantQueries = qr
          if receivedColumn >= 0:
            sums = torch.zeros([@QHEADS, length - receivedColumn], dtype=6, device=q.device)
          else:
            sums = received
          o = torch.empty([n, @QHEADS, @DIM], dtype=6, device=q.device)
          for b in range((n + rows - 1) // rows):
            r = b * rows
            m = min(rows, n - r)
            columns = before + r + m
            s = torch.bmm(qr.narrow(2, r, m).reshape([@KVHEADS, @GROUP * m, @DIM]).to(k), kt.narrow(2, 0, columns)).to(6)
            if scheme == @DISTANT:
              most = max(0, distant + r + m - 1)
              firstNear = torch.add(torch.arange(m, dtype=4, device=q.device), distant + r).unsqueeze(1)
              far = torch.bmm(distantQueries.narrow(2, r, m).reshape([@KVHEADS, @GROUP * m, @DIM]).to(k), distantKeys.narrow(2, 0, most)).to(6)
              near = torch.ge(torch.arange(most, dtype=4, device=q.device).unsqueeze(0), firstNear)
              target = s.view([@QHEADS, m, columns]).narrow(2, 0, most)
              _4 = target.copy_(torch.where(near, target, far.view([@QHEADS, m, most])))
            else:
              pass
            if m > 1:
              _0 = s.view([@QHEADS, m, columns]).narrow(2, columns - m, m).add_(mask.narrow(0, 0, m).narrow(1, 0, m))
            else:
              pass
            p = torch.softmax(s, -1)
            _1 = o.narrow(0, r, m).copy_(torch.bmm(p.to(v), v.narrow(1, 0, columns)).view([@QHEADS, m, @DIM]).transpose(0, 1))
            if bandWidth > 0:
              low = max(0, columns - m - bandWidth + 1)
              mean = torch.mean(p.view([@QHEADS, m, columns]).narrow(2, low, columns - low), [0])
              i = torch.arange(m, dtype=4, device=q.device).unsqueeze(1)
              j = torch.arange(bandWidth, dtype=4, device=q.device).unsqueeze(0)
              column = torch.add(torch.sub(i, j), before + r - low)
              seen = torch.ge(column, max(bandColumn, 0) - low)
              _2 = band.narrow(0, r, m).copy_(torch.mul(torch.gather(mean, 1, torch.clamp(column, 0, columns - low - 1)), seen))
            else:
              pass
            if receivedColumn >= 0:
              given = p.view([@QHEADS, m, columns]).narrow(2, receivedColumn, columns - receivedColumn)
              if nearOnly == 1:
                firstNear = torch.add(torch.arange(m, dtype=4, device=q.device), distant + r).unsqueeze(1)
                entry = torch.add(torch.arange(columns - receivedColumn, dtype=4, device=q.device), receivedColumn).unsqueeze(0)
                given = torch.mul(given, torch.ge(entry, firstNear))
              else:
                pass
              _5 = sums.narrow(1, 0, columns - receivedColumn).add_(torch.sum(given, [1]))
            else:
              pass
          if receivedColumn >= 0:
            _6 = received.copy_(sums)
          else:
            pass
          return o
        def feed(self: __torch__.M, h: Tensor, o: Tensor, layer: int) -> Tensor:
          _0 = h.add_(self.linear(o.view([h.size(0), @QWIDTH]), @LINEARS * layer + 1, @OUTPUT_BIAS))
          x = torch.rms_norm(h, [@HIDDEN], (self.norms)[2 * layer + 1], @EPS)
          g = self.linear(x, @LINEARS * layer + 2, None)
          x = torch.silu(g.narrow(1, 0, @INTERMEDIATE)).mul_(g.narrow(1, @INTERMEDIATE, @INTERMEDIATE))
          return h.add_(self.linear(x, @LINEARS * layer + 3, None))
        def attendRow(self: __torch__.M, heads: Tensor, q: Tensor, keys: Tensor, values: Tensor, kept: Tensor, cos: Tensor, sin: Tensor, places: Tensor, mask: Tensor, band: Tensor, received: Tensor, a: List[int]) -> Tensor:
          return heads.narrow(0, a[11], 1).copy_(self.attention(q, keys, values, kept, cos, sin, places, mask, band, received, a))
        def feedRows(self: __torch__.M, h: Tensor, heads: Tensor, a: List[int]) -> Tensor:
          return self.feed(h, heads, a[0])
        def logits(self: __torch__.M, h: Tensor, out: Tensor, a: List[int]) -> Tensor:
          x = torch.rms_norm(h.narrow(0, h.size(0) - a[0], a[0]), [@HIDDEN], (self.norms)[@FINAL_NORM], @EPS)
          return out.copy_(self.linear(x, @HEAD, None))
        def logProbabilities(self: __torch__.M, h: Tensor, wanted: Tensor, out: Tensor, a: List[int]) -> Tensor:
          n = a[0]
          rows = a[1]
          for b in range((n + rows - 1) // rows):
            r = b * rows
            m = min(rows, n - r)
            x = torch.rms_norm(h.narrow(0, r, m), [@HIDDEN], (self.norms)[@FINAL_NORM], @EPS)
            y = self.linear(x, @HEAD, None).to(6)
            picked = torch.gather(y, 1, wanted.narrow(0, r, m).unsqueeze(1)).view([m])
            _0 = out.narrow(0, r, m).copy_(torch.sub(picked, torch.logsumexp(y, [1])))
          return out
      """
          .replace("@LINEARS", Integer.toString(LINEARS_PER_LAYER))
          .replace("@PLACED", Integer.toString(PLACED))
          .replace("@DISTANT", Integer.toString(DISTANT))
          .replace("@SLOTS", Integer.toString(IN_SLOTS));
}
