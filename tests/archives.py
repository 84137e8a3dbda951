"""Archives of policies, as tests make them."""

import io
import tarfile


def packed(*files: tuple[str, bytes], **odd: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as made:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
        for info in odd.values():
            made.addfile(info)
    return target.getvalue()
