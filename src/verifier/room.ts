/**
 * Who takes the room there is for questions to one verifier. A site that hangs keeps its place for all of its time-out, so
 * such sites get no more than their share: whoever is answered soon must not wait for them.
 */

export interface Room {
  /** Questions that may go out in one request now; 0 for none. */
  forRequest(mayHang: boolean, size: number): number;
  /** Whether what is asked now will be sent soon, beside so many of its kind that wait. */
  isSoon(mayHang: boolean, waiting: number): boolean;
  /** A request went out; the function it returns says that it is over. */
  take(mayHang: boolean, questions: number): () => void;
}

/** Of requests and of questions, for sites that may hang. */
const HANGING_SHARE = 0.75;

type Load = { requests: number; questions: number };

/** `questions`: how many may be under way at this moment. */
export function createRoom(limits: { requests: number; batch: number; questions(): number }): Room {
  const hanging: Load = { requests: 0, questions: 0 };
  const others: Load = { requests: 0, questions: 0 };

  function most(mayHang: boolean): Load {
    const questions = limits.questions();
    if (!mayHang) return { requests: limits.requests, questions };
    return {
      requests: Math.ceil(limits.requests * HANGING_SHARE),
      questions: Math.ceil(questions * HANGING_SHARE),
    };
  }

  function free(mayHang: boolean): Load {
    const all = most(false);
    const room = {
      requests: all.requests - hanging.requests - others.requests,
      questions: all.questions - hanging.questions - others.questions,
    };
    if (!mayHang) return room;
    const share = most(true);
    return {
      requests: Math.min(room.requests, share.requests - hanging.requests),
      questions: Math.min(room.questions, share.questions - hanging.questions),
    };
  }

  return {
    forRequest(mayHang, size) {
      const room = free(mayHang);
      if (room.requests <= 0 || room.questions <= 0) return 0;
      // Not in bits: the room that a request leaves is that of a request.
      const isFirst = (mayHang ? hanging : others).questions === 0;
      return room.questions >= size || isFirst ? Math.min(size, room.questions) : 0;
    },
    // While what is under way hangs, what waits is not sent in its time: one batch may, so that the pace is seen to be short.
    isSoon(mayHang, waiting) {
      const { questions } = most(mayHang);
      return waiting < Math.max(limits.batch, questions / 2) && waiting < free(mayHang).questions + limits.batch;
    },
    take(mayHang, questions) {
      const load = mayHang ? hanging : others;
      load.requests += 1;
      load.questions += questions;
      return () => {
        load.requests -= 1;
        load.questions -= questions;
      };
    },
  };
}
