/** Beside a state of which too few verifiers were heard for a verdict. */
export function UnverifiedMark() {
  return (
    <span className="unverified" title="Too few verifiers were heard for a verdict; they are asked again.">
      unverified
    </span>
  );
}
